#include "webhook/config/quantity.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <string>

namespace smc::webhook {
namespace {

// digits * 10^tens * 2^twos, the digits without zeros at either end; none for 0.
struct Quantity {
  bool negative = false;
  std::string digits;
  int tens = 0;
  int twos = 0;
};

struct Suffix {
  std::string_view text;
  int tens;
  int twos;
};

constexpr std::array kSuffixes = {
    Suffix{"", 0, 0},    Suffix{"n", -9, 0},  Suffix{"u", -6, 0},  Suffix{"m", -3, 0},
    Suffix{"k", 3, 0},   Suffix{"M", 6, 0},   Suffix{"G", 9, 0},   Suffix{"T", 12, 0},
    Suffix{"P", 15, 0},  Suffix{"E", 18, 0},  Suffix{"Ki", 0, 10}, Suffix{"Mi", 0, 20},
    Suffix{"Gi", 0, 30}, Suffix{"Ti", 0, 40}, Suffix{"Pi", 0, 50}, Suffix{"Ei", 0, 60}};

std::optional<Suffix> read_suffix(std::string_view text) {
  for (const Suffix& suffix : kSuffixes)
    if (suffix.text == text) return suffix;
  if (text.size() < 2 || (text[0] != 'e' && text[0] != 'E')) return {};
  text.remove_prefix(text[1] == '+' && text.substr(2, 1) != "-" ? 2 : 1);
  Suffix suffix{};
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), suffix.tens);
  if (failed != std::errc() || end != text.data() + text.size()) return {};
  // far beyond what apimachinery itself can carry; keeps the arithmetic below from overflowing
  constexpr int kMaxExponent = 1000;
  if (std::abs(suffix.tens) > kMaxExponent) return {};
  return suffix;
}

// The digits before the suffix, and one ten less for each of them after the point.
bool read_digits(std::string_view text, Quantity& quantity) {
  bool point = false;
  for (const char c : text) {
    if (c == '.') {
      if (point) return false;
      point = true;
      continue;
    }
    quantity.digits += c;
    quantity.tens -= point ? 1 : 0;
  }
  return !quantity.digits.empty();
}

void trim_zeros(Quantity& quantity) {
  std::string& digits = quantity.digits;
  while (!digits.empty() && digits.back() == '0') {
    digits.pop_back();
    ++quantity.tens;
  }
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
}

std::optional<Quantity> parse_quantity(std::string_view text) {
  Quantity quantity;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    quantity.negative = text[0] == '-';
    text.remove_prefix(1);
  }
  const std::size_t end = std::min(text.find_first_not_of("0123456789."), text.size());
  const auto suffix = read_suffix(text.substr(end));
  if (!suffix || !read_digits(text.substr(0, end), quantity)) return {};
  trim_zeros(quantity);
  quantity.tens += suffix->tens;
  quantity.twos = suffix->twos;
  return quantity;
}

struct Scaled {
  std::uint64_t value;  // rounded down, below 2^63
  bool exact;
};

// The quantity times 10^tens; nothing if it is negative or too large.
std::optional<Scaled> scaled(const Quantity& quantity, int tens) {
  __extension__ using Wide = unsigned __int128;
  constexpr std::size_t kMaxDigits = 19;  // 2^63 has 19
  constexpr Wide kMax = (Wide{1} << 63) - 1;
  if (quantity.digits.empty()) return Scaled{0, true};
  if (quantity.negative || quantity.digits.size() > kMaxDigits) return {};

  Wide value = 0;
  for (const char digit : quantity.digits) value = value * 10 + static_cast<unsigned>(digit - '0');
  value <<= quantity.twos;  // at most 64 + 60 bits
  bool exact = true;
  for (int i = quantity.tens + tens; i > 0; --i) {
    value *= 10;
    if (value > kMax) return {};
  }
  for (int i = quantity.tens + tens; i < 0 && value > 0; ++i) {
    exact = exact && value % 10 == 0;
    value /= 10;
  }
  if (value > kMax) return {};
  return Scaled{static_cast<std::uint64_t>(value), exact};
}

std::optional<std::uint64_t> thousandths_rounded_up(std::string_view text) {
  const auto quantity = parse_quantity(text);
  const auto thousandths = quantity ? scaled(*quantity, 3) : std::nullopt;
  if (!thousandths) return {};
  return thousandths->value + (thousandths->exact ? 0 : 1);
}

}  // namespace

bool is_positive_quantity(std::string_view text) {
  const auto quantity = parse_quantity(text);
  return quantity && !quantity->negative && !quantity->digits.empty();
}

bool is_memory_quantity(std::string_view text) {
  return is_positive_quantity(text) && whole_quantity(text);
}

std::optional<std::uint64_t> whole_quantity(std::string_view text) {
  const auto quantity = parse_quantity(text);
  const auto whole = quantity ? scaled(*quantity, 0) : std::nullopt;
  if (!whole || !whole->exact) return {};
  return whole->value;
}

bool same_quantity(std::string_view a, std::string_view b) {
  if (a == b) return true;
  const auto left = thousandths_rounded_up(a);
  return left && left == thousandths_rounded_up(b);
}

bool is_at_most(std::string_view a, std::string_view b) {
  const auto left = thousandths_rounded_up(a);
  const auto right = thousandths_rounded_up(b);
  return left && right && *left <= *right;
}

}  // namespace smc::webhook
