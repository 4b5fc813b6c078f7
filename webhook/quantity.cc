#include "webhook/quantity.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

namespace smc::webhook {
namespace {

struct Suffix {
  std::string_view text;
  std::uint64_t factor;
  int exponent;  // of ten
};

// k8s.io/apimachinery/pkg/api/resource, Quantity
constexpr std::array kSuffixes = {
    Suffix{"", 1, 0},
    Suffix{"n", 1, -9},
    Suffix{"u", 1, -6},
    Suffix{"m", 1, -3},
    Suffix{"k", 1, 3},
    Suffix{"M", 1, 6},
    Suffix{"G", 1, 9},
    Suffix{"T", 1, 12},
    Suffix{"P", 1, 15},
    Suffix{"E", 1, 18},
    Suffix{"Ki", 1 << 10, 0},
    Suffix{"Mi", 1 << 20, 0},
    Suffix{"Gi", 1 << 30, 0},
    Suffix{"Ti", 1ULL << 40, 0},
    Suffix{"Pi", 1ULL << 50, 0},
    Suffix{"Ei", 1ULL << 60, 0},
};

std::optional<Suffix> read_suffix(std::string_view text) {
  for (const Suffix& suffix : kSuffixes)
    if (suffix.text == text) return suffix;
  if (text.size() < 2 || (text[0] != 'e' && text[0] != 'E')) return {};
  text.remove_prefix(text[1] == '+' ? 2 : 1);
  int exponent = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), exponent);
  if (failed != std::errc() || end != text.data() + text.size()) return {};
  return Suffix{{}, 1, exponent};
}

// The digits before the suffix as one number; `exponent` goes down by one for each after the point.
std::optional<std::uint64_t> read_digits(std::string_view digits, int& exponent) {
  std::uint64_t number = 0;
  bool any = false;
  bool point = false;
  for (const char c : digits) {
    if (c == '.') {
      if (point) return {};
      point = true;
      continue;
    }
    any = true;
    exponent -= point ? 1 : 0;
    if (__builtin_mul_overflow(number, 10U, &number) ||
        __builtin_add_overflow(number, static_cast<unsigned>(c - '0'), &number))
      return {};
  }
  if (!any) return {};
  return number;
}

// The value in thousandths, rounded up.
std::optional<std::uint64_t> thousandths(std::string_view text) {
  if (!text.empty() && text[0] == '+') text.remove_prefix(1);
  const std::size_t end = std::min(text.find_first_not_of("0123456789."), text.size());
  const auto suffix = read_suffix(text.substr(end));
  if (!suffix) return {};
  int exponent = suffix->exponent + 3;
  auto number = read_digits(text.substr(0, end), exponent);
  if (!number || __builtin_mul_overflow(*number, suffix->factor, &*number)) return {};
  for (; exponent > 0 && *number > 0; --exponent)
    if (__builtin_mul_overflow(*number, 10U, &*number)) return {};
  bool rest = false;
  for (; exponent < 0 && *number > 0; ++exponent) {
    rest |= *number % 10 != 0;
    *number /= 10;
  }
  return *number + (rest ? 1 : 0);
}

}  // namespace

bool same_quantity(std::string_view a, std::string_view b) {
  if (a == b) return true;
  const auto left = thousandths(a);
  return left && left == thousandths(b);
}

}  // namespace smc::webhook
