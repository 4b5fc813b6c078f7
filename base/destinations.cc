#include "base/destinations.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <arpa/inet.h>

#include "base/json_text.h"

namespace smc {
namespace {

constexpr std::size_t kShownCharacters = 40;
constexpr int kAddressBits = 32;

std::string quoted(std::string_view text) {
  return '"' + printable(text, kShownCharacters) + '"';
}

std::string_view without_spaces(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpaces) - begin + 1);
}

// Digits alone, without a zero in front.
std::optional<std::uint32_t> number_of(std::string_view text, std::uint32_t max) {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return {};
  if (!std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) return {};
  std::uint32_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc{} || number > max) return {};
  return number;
}

std::optional<std::uint32_t> address_of(std::string_view text) {
  in_addr address = {};
  if (::inet_pton(AF_INET, std::string(text).c_str(), &address) != 1) return {};
  return ntohl(address.s_addr);
}

std::string address_text(std::uint32_t address) {
  const in_addr bytes = {htonl(address)};
  char text[INET_ADDRSTRLEN];
  ::inet_ntop(AF_INET, &bytes, text, sizeof text);
  return text;
}

std::uint32_t mask_of(int prefix) {
  return prefix == 0 ? 0 : ~std::uint32_t{0} << (kAddressBits - prefix);
}

Error wrong(std::string_view entry, const std::string& why) {
  return {quoted(entry) + ' ' + why, 0, {}};
}

Result<Destination> parse_network(std::string_view text, std::size_t slash) {
  const auto address = address_of(text.substr(0, slash));
  const auto prefix = number_of(text.substr(slash + 1), kAddressBits);
  if (!address || !prefix) return wrong(text, "is not " + std::string(kDestinationForms));
  const int bits = static_cast<int>(*prefix);
  const Destination network{*address & mask_of(bits), bits, 0};
  if (network.address != *address)
    return wrong(text, "has bits behind its prefix: the network is " + network.text());
  return network;
}

}  // namespace

std::string Destination::text() const {
  if (prefix == 0 && port != 0) return ':' + std::to_string(port);
  if (port != 0) return address_text(address) + ':' + std::to_string(port);
  return address_text(address) + '/' + std::to_string(prefix);
}

Result<Destination> parse_destination(std::string_view text) {
  if (text.empty()) return Error{"an entry is empty", 0, {}};
  const std::size_t colon = text.find(':');
  if (text.front() == '[' ||
      (colon != std::string_view::npos && text.find(':', colon + 1) != std::string_view::npos))
    return wrong(text, "is IPv6, and SMC carries IPv4 alone");
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos) return parse_network(text, slash);
  const auto address = address_of(text.substr(0, colon));
  if (colon == std::string_view::npos)
    return address ? wrong(text, "has no port: write " + std::string(text) + "/32 for all of them")
                   : wrong(text, "is not " + std::string(kDestinationForms));
  const auto port = number_of(text.substr(colon + 1), 65535);
  if (!port || *port == 0) return wrong(text, "has no port from 1 to 65535");
  if (colon == 0) return Destination{0, 0, static_cast<std::uint16_t>(*port)};
  if (!address) return wrong(text, "is not " + std::string(kDestinationForms));
  return Destination{*address, kAddressBits, static_cast<std::uint16_t>(*port)};
}

Result<Destinations> parse_destinations(std::string_view list, std::size_t max) {
  Destinations all;
  if (without_spaces(list).empty()) return all;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    const auto one = parse_destination(without_spaces(list.substr(begin, end - begin)));
    if (!one) return one.error();
    if (std::ranges::find(all, *one) == all.end()) all.push_back(*one);
    if (all.size() > max)
      return Error{"there are more than " + std::to_string(max) + " entries", 0, {}};
    begin = end + 1;
  }
  return all;
}

Destinations joined(const Destinations& first, const Destinations& second) {
  Destinations all = first;
  for (const Destination& one : second)
    if (std::ranges::find(all, one) == all.end()) all.push_back(one);
  return all;
}

std::string text_of(const Destinations& destinations) {
  std::string text;
  for (const Destination& one : destinations)
    text.append(text.empty() ? "" : ",").append(one.text());
  return text;
}

}  // namespace smc
