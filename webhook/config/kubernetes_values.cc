#include "webhook/config/kubernetes_values.h"

#include <algorithm>
#include <array>

#include "base/dns_label.h"

namespace smc::webhook {
namespace {

constexpr std::size_t kMaxLabelName = 63;
constexpr std::size_t kMaxImageName = 255;  // distribution's NameTotalLengthMax
constexpr std::size_t kMaxTag = 128;
constexpr std::size_t kMaxName = 253;  // DNS subdomain

bool is_lower_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_alphanumeric(char c) {
  return is_letter(c) || is_digit(c);
}

template <class Predicate>
bool all(std::string_view text, Predicate predicate) {
  return !text.empty() && std::all_of(text.begin(), text.end(), predicate);
}

// Calls `part` for each piece between separators; false as soon as one is refused.
template <class Predicate>
bool each_part(std::string_view text, char separator, Predicate part) {
  for (;;) {
    const std::size_t end = text.find(separator);
    if (!part(text.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    text.remove_prefix(end + 1);
  }
}

// "a-z0-9", with one '.', one or two '_' or any number of '-' between.
bool is_image_path_part(std::string_view part) {
  if (part.empty() || !is_lower_or_digit(part.front()) || !is_lower_or_digit(part.back()))
    return false;
  while (!part.empty()) {
    const auto start = std::find_if_not(part.begin(), part.end(), is_lower_or_digit);
    part.remove_prefix(static_cast<std::size_t>(start - part.begin()));
    const auto end = std::find_if(part.begin(), part.end(), is_lower_or_digit);
    const std::string_view separator = part.substr(0, static_cast<std::size_t>(end - part.begin()));
    part.remove_prefix(separator.size());
    const bool dashes = separator.find_first_not_of('-') == std::string_view::npos;
    if (!dashes && separator != "." && separator != "_" && separator != "__") return false;
  }
  return true;
}

bool is_host_part(std::string_view part) {
  return !part.empty() && part.front() != '-' && part.back() != '-' &&
         all(part, [](char c) { return is_alphanumeric(c) || c == '-'; });
}

bool is_ipv6_host(std::string_view host) {
  return host.size() > 2 && host.front() == '[' && host.back() == ']' &&
         all(host.substr(1, host.size() - 2), [](char c) {
           return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':';
         });
}

// A host, with a port where one is given.
bool is_registry(std::string_view text) {
  const std::size_t bracket = text.find(']');  // colons before it belong to an IPv6 address
  const std::size_t colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos && !all(text.substr(colon + 1), is_digit)) return false;
  const std::string_view host = text.substr(0, colon);
  return is_ipv6_host(host) || each_part(host, '.', is_host_part);
}

bool is_image_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxImageName) return false;
  const std::size_t slash = name.find('/');
  if (slash != std::string_view::npos && is_registry(name.substr(0, slash)))
    name.remove_prefix(slash + 1);
  return each_part(name, '/', is_image_path_part);
}

bool is_tag(std::string_view tag) {
  const auto is_word = [](char c) { return is_alphanumeric(c) || c == '_'; };
  return tag.size() <= kMaxTag && !tag.empty() && is_word(tag.front()) &&
         all(tag, [&](char c) { return is_word(c) || c == '.' || c == '-'; });
}

// The algorithms that a container runtime computes.
bool is_digest(std::string_view digest) {
  struct Algorithm {
    std::string_view prefix;
    std::size_t digits;
  };
  constexpr std::array<Algorithm, 3> kAlgorithms = {
      {{"sha256:", 64}, {"sha384:", 96}, {"sha512:", 128}}};
  return std::any_of(kAlgorithms.begin(), kAlgorithms.end(), [&](const Algorithm& algorithm) {
    if (digest.substr(0, algorithm.prefix.size()) != algorithm.prefix) return false;
    const std::string_view hex = digest.substr(algorithm.prefix.size());
    return hex.size() == algorithm.digits &&
           all(hex, [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
  });
}

}  // namespace

bool is_label_value(std::string_view text) {
  if (text.empty()) return true;
  return text.size() <= kMaxLabelName && is_alphanumeric(text.front()) &&
         is_alphanumeric(text.back()) &&
         all(text, [](char c) { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; });
}

bool is_label_key(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return !text.empty() && is_label_value(text);
  return is_dns_subdomain(text.substr(0, slash)) && slash + 1 < text.size() &&
         is_label_value(text.substr(slash + 1));
}

std::optional<ImageReference> parse_pinned_image(std::string_view text) {
  ImageReference image;
  const std::size_t at = text.find('@');
  if (at != std::string_view::npos) {
    image.digest = text.substr(at + 1);
    if (!is_digest(image.digest)) return {};
  }
  image.name = text.substr(0, at);
  // a colon before the last slash belongs to the registry's port
  const std::size_t slash = image.name.rfind('/');
  const std::size_t colon = image.name.find(':', slash == std::string_view::npos ? 0 : slash);
  if (colon != std::string_view::npos) {
    image.tag = image.name.substr(colon + 1);
    image.name = image.name.substr(0, colon);
    if (!is_tag(image.tag)) return {};
  }
  if (image.tag.empty() && image.digest.empty()) return {};
  if (!is_image_name(image.name)) return {};
  return image;
}

bool is_pinned_image(std::string_view text) {
  return parse_pinned_image(text).has_value();
}

bool is_image_prefix(std::string_view text) {
  if (text.empty() || text.size() > kMaxImageName) return false;
  const std::size_t slash = text.find('/');
  if (!is_registry(text.substr(0, slash))) return false;
  return slash == std::string_view::npos ||
         each_part(text.substr(slash + 1), '/', is_image_path_part);
}

bool is_from(const ImageReference& image, std::string_view registry) {
  return image.name.size() > registry.size() && image.name.starts_with(registry) &&
         image.name[registry.size()] == '/';
}

bool is_name_pattern(std::string_view text) {
  if (!text.ends_with('*')) return is_dns_subdomain(text);
  text.remove_suffix(1);
  if (text.empty()) return true;
  // a name may not end with these two, but the beginning of one may
  const std::size_t end = text.find_last_not_of("-.");
  return end != std::string_view::npos && text.size() < kMaxName &&
         is_dns_subdomain(text.substr(0, end + 1));
}

bool matches(std::string_view pattern, std::string_view name) {
  if (!pattern.ends_with('*')) return name == pattern;
  pattern.remove_suffix(1);
  return name.starts_with(pattern);
}

}  // namespace smc::webhook
