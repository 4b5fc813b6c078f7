#include "node-init/diagnosis/rpm_version.h"

#include <algorithm>

namespace smc::node {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool starts_with(std::string_view text, char c) {
  return !text.empty() && text.front() == c;
}

void drop_separators(std::string_view& text) {
  const auto kept = std::find_if(text.begin(), text.end(), [](char c) {
    return is_digit(c) || is_letter(c) || c == '~' || c == '^';
  });
  text.remove_prefix(static_cast<std::size_t>(kept - text.begin()));
}

// Takes the leading run of digits, or of letters, off `text`.
std::string_view take_segment(std::string_view& text, bool digits) {
  const auto end = std::find_if_not(text.begin(), text.end(),
                                    [&](char c) { return digits ? is_digit(c) : is_letter(c); });
  const auto segment = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(segment.size());
  return segment;
}

int compare_numbers(std::string_view a, std::string_view b) {
  a.remove_prefix(std::min(a.find_first_not_of('0'), a.size()));
  b.remove_prefix(std::min(b.find_first_not_of('0'), b.size()));
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return a.compare(b);
}

// One of both begins with `mark`: what that says, or 0 where both do and are one step further.
// `alone` is the answer where only `a` has it.
int compare_marks(std::string_view& a, std::string_view& b, char mark, int alone) {
  if (!starts_with(b, mark)) return alone;
  if (!starts_with(a, mark)) return -alone;
  a.remove_prefix(1);
  b.remove_prefix(1);
  return 0;
}

}  // namespace

int compare_rpm_versions(std::string_view a, std::string_view b) {
  while (true) {
    drop_separators(a);
    drop_separators(b);
    if (starts_with(a, '~') || starts_with(b, '~')) {
      if (const int order = compare_marks(a, b, '~', -1); order != 0) return order;
      continue;
    }
    if (starts_with(a, '^') || starts_with(b, '^')) {
      // Newer than the bare version, older than any version that goes on otherwise.
      const bool one_ends = a.empty() || b.empty();
      if (const int order = compare_marks(a, b, '^', one_ends ? 1 : -1); order != 0) return order;
      continue;
    }
    if (a.empty() || b.empty()) break;

    const bool digits = is_digit(a.front());
    const auto segment_a = take_segment(a, digits);
    const auto segment_b = take_segment(b, digits);
    if (segment_b.empty()) return digits ? 1 : -1;
    const int order = digits ? compare_numbers(segment_a, segment_b) : segment_a.compare(segment_b);
    if (order != 0) return order;
  }
  if (a.empty() && b.empty()) return 0;
  return a.empty() ? -1 : 1;
}

int compare_kernel_releases(std::string_view a, std::string_view b) {
  const auto dash_a = std::min(a.find('-'), a.size());
  const auto dash_b = std::min(b.find('-'), b.size());
  if (const int order = compare_rpm_versions(a.substr(0, dash_a), b.substr(0, dash_b)); order != 0)
    return order;
  return compare_rpm_versions(a.substr(dash_a), b.substr(dash_b));
}

}  // namespace smc::node
