#include "certs/names.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include <arpa/inet.h>

#include "base/dns_label.h"
#include "base/json_text.h"

namespace smc::certs {
namespace {

constexpr std::size_t kShown = 60;  // characters of a wrong name in its message

bool is_dns_name(std::string_view name) {
  if (!is_dns_subdomain(name.substr(0, 2) == "*." ? name.substr(2) : name)) return false;
  for (;;) {
    const std::size_t dot = name.find('.');
    const std::string_view label = name.substr(0, dot);
    if (label != "*" && !is_dns_label(label)) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

// The usual way of writing an address, empty if `text` is none.
std::string canonical_ip(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  std::array<char, INET6_ADDRSTRLEN> written{};
  for (const int family : {AF_INET, AF_INET6})
    if (::inet_pton(family, text.c_str(), address.data()) == 1)
      return ::inet_ntop(family, address.data(), written.data(), written.size());
  return {};
}

void add_once(std::vector<std::string>& list, std::string name) {
  if (std::find(list.begin(), list.end(), name) == list.end()) list.push_back(std::move(name));
}

}  // namespace

Result<SubjectNames> parse_names(const std::vector<std::string>& dns,
                                 const std::vector<std::string>& ips) {
  SubjectNames names;
  for (std::string name : dns) {
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (!is_dns_name(name) || !canonical_ip(name).empty())
      return Error{"\"" + printable(name, kShown) + "\" is not a DNS name", 0,
                   "letters, digits, '-' and '.', at most 253 characters; \"*\" only as the whole "
                   "first label; addresses belong to --ip"};
    add_once(names.dns, std::move(name));
  }
  for (const std::string& text : ips) {
    std::string address = canonical_ip(text);
    if (address.empty())
      return Error{"\"" + printable(text, kShown) + "\" is not an IP address", 0,
                   "such as 10.0.0.1 or fd00::1, without a port or prefix length"};
    add_once(names.ips, std::move(address));
  }
  const std::size_t count = names.dns.size() + names.ips.size();
  if (count == 0)
    return Error{"a serving certificate needs a name", 0, "give at least one --dns or --ip"};
  if (count > kMaxNames)
    return Error{std::to_string(count) + " names are more than " + std::to_string(kMaxNames), 0,
                 "a wildcard (--dns '*.example.org') may stand for many"};
  return names;
}

}  // namespace smc::certs
