#include "webhook/config/config_values.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

#include "webhook/config/quantity.h"

namespace smc::webhook {
namespace {

constexpr std::size_t kShown = 60;  // characters of a wrong value in its message

struct Unit {
  std::string_view name;
  std::int64_t milliseconds;
};

constexpr std::array<Unit, 4> kUnits = {{{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

std::optional<Duration> parse_duration(std::string_view text) {
  constexpr std::int64_t kMaxNumber = 1'000'000'000;  // 11 days even in ms: beyond every limit
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0 || number > kMaxNumber) return {};
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  for (const Unit& unit : kUnits)
    if (unit.name == text) return Duration(number * unit.milliseconds);
  return {};
}

std::optional<std::string> text_of(const yaml::Node& node, bool numbers) {
  if (!node.is_scalar()) return {};
  const auto scalar = yaml::resolve(node);
  if (!scalar) return {};
  if (scalar->type == yaml::ScalarType::kString) return scalar->value;
  if (numbers && scalar->type == yaml::ScalarType::kNumber) return node.text;
  return {};
}

std::string because(std::string_view reason) {
  return reason.empty() ? std::string() : ": " + std::string(reason);
}

template <class T>
void take_in_range(const yaml::Node& node, const Range<T>& range, T value, T& out,
                   Problems& problems) {
  if (value < range.min)
    problems.push_back({node.line, describe(node) + " is too small" + because(range.below)});
  else if (value > range.max)
    problems.push_back({node.line, describe(node) + " is too large" + because(range.above)});
  else
    out = value;
}

void take_checked(const yaml::Node& node, std::optional<std::string> text, Check check,
                  std::string& out, Problems& problems) {
  if (!text)
    problems.push_back({node.line, describe(node) + " is no string"});
  else if (!check(*text))
    problems.push_back({node.line, describe(node) + " is not valid"});
  else
    out = std::move(*text);
}

}  // namespace

std::string duration_text(Duration duration) {
  for (const Unit& unit : kUnits)
    if (duration.count() != 0 && duration.count() % unit.milliseconds == 0)
      return std::to_string(duration.count() / unit.milliseconds) + std::string(unit.name);
  return "0s";
}

std::string count_text(std::size_t count) {
  if (count != 0 && count % (1 << 20) == 0) return std::to_string(count >> 20) + "Mi";
  if (count != 0 && count % (1 << 10) == 0) return std::to_string(count >> 10) + "Ki";
  return std::to_string(count);
}

std::string describe(const yaml::Node& node) {
  if (node.is_map()) return "a map";
  if (node.is_list()) return "a list";
  if (node.kind == yaml::Kind::kNull) return "nothing";
  const auto scalar = yaml::resolve(node);
  const std::string shown = printable(node.text, kShown);
  if (scalar && scalar->type == yaml::ScalarType::kBool) return shown + " (a boolean)";
  if (scalar && scalar->type == yaml::ScalarType::kNumber) return shown + " (a number)";
  return "\"" + shown + "\"";
}

void read_bool(const yaml::Node& node, bool& out, Problems& problems) {
  // of YAML 1.1's many words only those that mean the same to every reader
  if (node.is_scalar() && node.plain && (node.text == "true" || node.text == "false"))
    out = node.text == "true";
  else
    problems.push_back({node.line, describe(node) + " is neither"});
}

void read_duration(const yaml::Node& node, const DurationRange& range, Duration& out,
                   Problems& problems) {
  const auto text = text_of(node, false);
  const auto duration = text ? parse_duration(*text) : std::nullopt;
  if (!duration)
    problems.push_back({node.line, describe(node) + " is no duration"});
  else
    take_in_range(node, range, *duration, out, problems);
}

void read_count(const yaml::Node& node, const CountRange& range, std::size_t& out,
                Problems& problems) {
  const auto text = text_of(node, true);
  const auto count = text ? whole_quantity(*text) : std::nullopt;
  if (!count)
    problems.push_back({node.line, describe(node) + " is no whole number"});
  else
    take_in_range<std::size_t>(node, range, *count, out, problems);
}

void read_text(const yaml::Node& node, Check check, std::string& out, Problems& problems) {
  take_checked(node, text_of(node, false), check, out, problems);
}

void read_quantity(const yaml::Node& node, Check check, std::string& out, Problems& problems) {
  take_checked(node, text_of(node, true), check, out, problems);
}

void read_texts(const yaml::Node& node, std::size_t min_count, Check check,
                std::vector<std::string>& out, Problems& problems) {
  if (!node.is_list()) {
    problems.push_back({node.line, describe(node) + " is no list"});
    return;
  }
  if (node.children.size() < min_count) problems.push_back({node.line, "the list is too short"});
  std::vector<std::string> values(node.children.size());
  for (std::size_t i = 0; i < values.size(); ++i)
    read_text(node.children[i], check, values[i], problems);
  out = std::move(values);
}

void read_destinations(const yaml::Node& node, Destinations& out, Problems& problems) {
  if (!node.is_list()) {
    problems.push_back({node.line, describe(node) + " is no list"});
    return;
  }
  const std::size_t before = problems.size();
  Destinations all;
  for (const yaml::Node& child : node.children) {
    const auto text = text_of(child, false);
    const auto one = text ? parse_destination(*text) : Error{describe(child) + " is no string"};
    if (one)
      all.push_back(*one);
    else
      problems.push_back({child.line, one.error().what});
  }
  all = joined({}, all);
  if (all.size() > kMaxDestinations)
    problems.push_back({node.line, "these are " + std::to_string(all.size()) + " entries"});
  if (problems.size() == before) out = std::move(all);
}

}  // namespace smc::webhook
