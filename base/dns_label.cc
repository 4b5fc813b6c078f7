#include "base/dns_label.h"

#include <algorithm>
#include <cstddef>

namespace smc {
namespace {

constexpr std::size_t kMaxLabel = 63;
constexpr std::size_t kMaxSubdomain = 253;  // RFC 1035: 255 octets on the wire

bool is_label_of_any_length(std::string_view text) {
  if (text.empty() || text.front() == '-' || text.back() == '-') return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

}  // namespace

bool is_dns_label(std::string_view text) {
  return text.size() <= kMaxLabel && is_label_of_any_length(text);
}

bool is_dns_subdomain(std::string_view text) {
  if (text.size() > kMaxSubdomain) return false;
  for (;;) {
    const std::size_t dot = text.find('.');
    if (!is_label_of_any_length(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

}  // namespace smc
