#include "base/yaml_input.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <optional>

#include "base/utf8.h"

namespace smc::yaml {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kMarker = "---";
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::size_t kEscapeSize = 6;                     // \ud83d

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// Behind the closing quote of the string that begins at `at`; npos where it has none.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '"') return at + 1;
    if (text[at] == '\\') ++at;
  }
  return std::string_view::npos;
}

// Behind the bracket that closes the one at `at`; npos where there is none, or no JSON in between.
std::size_t end_of_value(std::string_view text, std::size_t at) {
  constexpr std::string_view kOthers = ",:+-. \t\r\n";
  std::size_t depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at = end_of_string(text, at);
      continue;
    }
    ++at;
    if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (--depth == 0) return at;
    } else if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && c != 'E' &&
               kOthers.find(c) == std::string_view::npos) {
      return std::string_view::npos;
    }
  }
  return std::string_view::npos;
}

// "---" in a line of its own.
bool is_marker(std::string_view text, std::size_t at) {
  const bool at_start = at == 0 || text[at - 1] == '\n';
  if (!at_start || !text.substr(at).starts_with(kMarker)) return false;
  const std::string_view rest = text.substr(at + kMarker.size());
  return rest.substr(0, rest.find('\n')).find_first_not_of(" \t\r") == std::string_view::npos;
}

// The surrogate that an escape at the start of `text` stands for.
std::optional<char32_t> surrogate(std::string_view text) {
  if (text.size() < kEscapeSize || !text.starts_with("\\u")) return {};
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data() + 2, text.data() + kEscapeSize, value, 16);
  if (error != std::errc() || end != text.data() + kEscapeSize) return {};
  if (value < 0xD800 || value > 0xDFFF) return {};
  return value;
}

// What YAML refuses, folds or drops where it stands without an escape (YAML 1.1, 4.1 and 1.2, 5.1).
bool is_special(char32_t c) {
  return (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029 || c == 0xFEFF || c == 0xFFFE ||
         c == 0xFFFF;
}

std::string escape(char32_t c) {
  std::array<char, kEscapeSize + 1> text{};
  std::snprintf(text.data(), text.size(), "\\u%04x", static_cast<unsigned>(c));
  return text.data();
}

std::string utf8_of_pair(char32_t high, char32_t low) {
  const char32_t point = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
  std::string out(4, '\0');
  out[0] = static_cast<char>(0xF0 | (point >> 18));
  out[1] = static_cast<char>(0x80 | ((point >> 12) & 0x3F));
  out[2] = static_cast<char>(0x80 | ((point >> 6) & 0x3F));
  out[3] = static_cast<char>(0x80 | (point & 0x3F));
  return out;
}

}  // namespace

std::vector<std::string_view> json_texts(std::string_view text) {
  std::vector<std::string_view> texts;
  for (std::size_t at = 0;;) {
    const std::size_t begin = text.find_first_not_of(" \t\r\n", at);
    if (begin == std::string_view::npos) return texts;
    if (is_marker(text, begin)) {
      at = begin + kMarker.size();
      continue;
    }
    if (text[begin] != '{' && text[begin] != '[') return {};
    at = end_of_value(text, begin);
    if (at == std::string_view::npos) return {};
    texts.push_back(text.substr(begin, at - begin));
  }
}

Input::Input(std::string_view text, std::size_t at, int line, bool is_json)
    : original_size_(text.size()), start_(at), start_line_(line) {
  if (text.starts_with(kByteOrderMark)) {
    text.remove_prefix(kByteOrderMark.size());
    start_ += kByteOrderMark.size();
    original_size_ -= kByteOrderMark.size();
  }
  if (is_json)
    rewrite_json(text);
  else
    text_ = text;
  if (text_.empty() || text_.back() != '\n') text_ += '\n';  // as kubectl does
}

// JSON writes a character beyond U+FFFF as two escapes, which YAML does not know; half a pair
// becomes U+FFFD, as in Go. And it takes characters as they are that YAML folds or refuses.
void Input::rewrite_json(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = std::max<std::size_t>(utf8_length(text), 1);
    std::size_t taken = length;
    if (const auto first = surrogate(text)) {
      const auto second = *first < 0xDC00 ? surrogate(text.substr(kEscapeSize)) : std::nullopt;
      const bool is_pair = second && *second >= 0xDC00;
      taken = is_pair ? 2 * kEscapeSize : kEscapeSize;
      replace(taken, is_pair ? utf8_of_pair(*first, *second) : std::string(kReplacement));
    } else if (text[0] == '\\') {
      taken = std::min<std::size_t>(2, text.size());
      text_ += text.substr(0, taken);
    } else if (is_special(utf8_code_point(text.substr(0, length)))) {
      replace(taken, escape(utf8_code_point(text.substr(0, length))));
    } else {
      text_ += text.substr(0, length);
    }
    text.remove_prefix(taken);
  }
}

void Input::replace(std::size_t original_bytes, std::string_view with) {
  const std::ptrdiff_t before = escapes_.empty() ? 0 : escapes_.back().more;
  escapes_.push_back({text_.size(), before + static_cast<std::ptrdiff_t>(original_bytes) -
                                        static_cast<std::ptrdiff_t>(with.size())});
  text_ += with;
}

std::ptrdiff_t Input::more_at(std::size_t byte) const {
  const auto after = std::ranges::lower_bound(escapes_, byte, {}, &Escape::at);
  return after == escapes_.begin() ? 0 : std::prev(after)->more;
}

Input::Place Input::place(std::size_t character) {
  while (character_ < character && byte_ < text_.size()) {
    lines_ += text_[byte_] == '\n' ? 1 : 0;
    ++byte_;
    while (byte_ < text_.size() && is_continuation(text_[byte_])) ++byte_;
    ++character_;
  }
  while (character_ > character) {
    --byte_;
    while (is_continuation(text_[byte_])) --byte_;
    lines_ -= text_[byte_] == '\n' ? 1 : 0;
    --character_;
  }
  // the line break that was added is none of the original
  const std::size_t byte = byte_ + static_cast<std::size_t>(more_at(byte_));
  return {start_ + std::min(byte, original_size_), start_line_ + lines_};
}

}  // namespace smc::yaml
