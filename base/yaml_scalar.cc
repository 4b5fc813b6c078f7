#include "base/yaml_scalar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

#include "base/base64.h"
#include "base/json_text.h"

namespace smc::yaml {
namespace {

constexpr std::string_view kCoreTags = "tag:yaml.org,2002:";
constexpr std::size_t kShown = 40;  // characters of a user's value in a message

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& words, std::string_view text) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

constexpr std::array<std::string_view, 11> kTrue = {"y",    "Y",    "yes", "Yes", "YES", "true",
                                                    "True", "TRUE", "on",  "On",  "ON"};
constexpr std::array<std::string_view, 11> kFalse = {"n",     "N",     "no",  "No",  "NO", "false",
                                                     "False", "FALSE", "off", "Off", "OFF"};
constexpr std::array<std::string_view, 12> kNoJsonNumber = {".nan",  ".NaN",  ".NAN",  ".inf",
                                                            ".Inf",  ".INF",  "+.inf", "+.Inf",
                                                            "+.INF", "-.inf", "-.Inf", "-.INF"};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool take_sign(std::string_view& text) {
  const bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return negative;
}

std::string_view take_digits(std::string_view& text) {
  const std::size_t count =
      static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
  const std::string_view digits = text.substr(0, count);
  text.remove_prefix(count);
  return digits;
}

// The base that a prefix announces, which is taken off: 0x, 0o, 0b, or a 0 alone for octal.
int take_base(std::string_view& text) {
  if (text.size() < 2 || text[0] != '0') return 10;
  const char letter = text[1];
  const int base = letter == 'x' || letter == 'X'   ? 16
                   : letter == 'o' || letter == 'O' ? 8
                   : letter == 'b' || letter == 'B' ? 2
                                                    : 0;
  text.remove_prefix(base == 0 ? 1 : 2);
  return base == 0 ? 8 : base;
}

// An integer of at most 64 bits as decimal digits.
std::optional<std::string> integer(std::string_view text) {
  const bool negative = take_sign(text);
  const int base = take_base(text);
  std::uint64_t magnitude = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), magnitude, base);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
  constexpr std::uint64_t kMostNegative = std::uint64_t{1} << 63;
  if (negative && magnitude > kMostNegative) return {};
  return (negative && magnitude != 0 ? "-" : "") + std::to_string(magnitude);
}

// A decimal number in the form JSON asks for: digits before and after the point, no +, no zeros
// in front.
std::optional<std::string> decimal(std::string_view text) {
  std::string out = take_sign(text) ? "-" : "";
  std::string_view whole = take_digits(text);
  std::string_view fraction;
  if (!text.empty() && text[0] == '.') {
    text.remove_prefix(1);
    fraction = take_digits(text);
  }
  if (whole.empty() && fraction.empty()) return {};
  whole.remove_prefix(std::min(whole.find_first_not_of('0'), whole.size()));
  out += whole.empty() ? "0" : whole;
  if (!fraction.empty()) out.append(".").append(fraction);
  if (text.empty()) return out;

  if (text[0] != 'e' && text[0] != 'E') return {};
  text.remove_prefix(1);
  const bool small = take_sign(text);
  const std::string_view exponent = take_digits(text);
  if (exponent.empty() || !text.empty()) return {};
  out.append(small ? "e-" : "e").append(exponent);
  double value = 0;
  const auto parsed = std::from_chars(out.data(), out.data() + out.size(), value);
  // too large for a float64: a string to go-yaml
  if (parsed.ec == std::errc::result_out_of_range && !small) return {};
  return out;
}

std::optional<std::string> number(std::string_view text) {
  if (text.empty()) return {};
  if (text[0] == '.') return decimal(text);
  if (!is_digit(text[0]) && text[0] != '-' && text[0] != '+') return {};
  std::string digits(text);
  digits.erase(std::remove(digits.begin(), digits.end(), '_'), digits.end());
  if (auto whole = integer(digits)) return whole;
  return decimal(digits);
}

Scalar untagged(const std::string& text) {
  if (is_null_word(text)) return {ScalarType::kNull, "null"};
  if (is_one_of(kTrue, text)) return {ScalarType::kBool, "true"};
  if (is_one_of(kFalse, text)) return {ScalarType::kBool, "false"};
  if (auto digits = number(text)) return {ScalarType::kNumber, std::move(*digits)};
  return {ScalarType::kString, text};
}

Result<Scalar, Problem> binary(const Node& node) {
  auto bytes = base64_decode(node.text);
  if (!bytes) return Problem{node.line, "!!binary is not base64"};
  return Scalar{ScalarType::kString, std::move(*bytes)};
}

std::optional<ScalarType> type_of_tag(std::string_view tag) {
  if (tag == "null") return ScalarType::kNull;
  if (tag == "bool") return ScalarType::kBool;
  if (tag == "int" || tag == "float") return ScalarType::kNumber;
  return {};
}

Result<Scalar, Problem> tagged(const Node& node) {
  std::string_view tag = node.tag;
  const bool is_core = tag.substr(0, kCoreTags.size()) == kCoreTags;
  if (is_core) tag.remove_prefix(kCoreTags.size());
  if (is_core && tag == "str") return Scalar{ScalarType::kString, node.text};
  if (is_core && tag == "binary") return binary(node);
  const auto type = is_core ? type_of_tag(tag) : std::nullopt;
  if (!type) return Problem{node.line, "the tag " + printable(node.tag, kShown) + " is not known"};
  Scalar scalar = untagged(node.text);
  if (scalar.type != *type || (tag == "int" && !integer(scalar.value)))
    return Problem{node.line,
                   "\"" + printable(node.text, kShown) + "\" is no !!" + std::string(tag)};
  return scalar;
}

}  // namespace

Result<Scalar, Problem> resolve(const Node& node) {
  if (node.kind == Kind::kNull) return Scalar{ScalarType::kNull, "null"};
  if (!node.tag.empty()) return tagged(node);
  if (!node.plain) return Scalar{ScalarType::kString, node.text};
  if (is_one_of(kNoJsonNumber, node.text))
    return Problem{node.line, node.text + " has no form in JSON"};
  return untagged(node.text);
}

}  // namespace smc::yaml
