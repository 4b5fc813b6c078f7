#include "node-init/diagnosis/syn_target.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/host_port.h"
#include "base/json_text.h"

namespace smc::node {
namespace {

constexpr std::size_t kShownCharacters = 100;
constexpr std::size_t kMaxTargetBytes = 2048;
constexpr int kNameServerSeconds = 2;

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

Error bad_target(std::string_view text, const std::string& why) {
  return {"\"" + printable(text, kShownCharacters) + "\" is no target: " + why, 0,
          "give HOST:PORT or a URL, as server:8080 or http://server:8080/"};
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

std::optional<std::string_view> default_port(const std::string& scheme) {
  if (scheme == "http" || scheme == "ws") return "80";
  if (scheme == "https" || scheme == "wss") return "443";
  return std::nullopt;
}

// Whether the part of a URL between "//" and the path has a port behind the host.
bool names_port(std::string_view authority) {
  const std::size_t colon = authority.rfind(':');
  return colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos;
}

Addresses look_up(const std::string& host, int family, int& failure) {
  addrinfo hints = {};
  hints.ai_family = family;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  failure = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
  return {failure == 0 ? list : nullptr, &::freeaddrinfo};
}

Error no_address(const SynTarget& target, int failure) {
  const std::string host = printable(target.host, kShownCharacters);
  int failure6 = 0;
  if (look_up(target.host, AF_INET6, failure6) != nullptr)
    return {host + " has no IPv4 address, only IPv6", 0,
            "SMC is for IPv4: connections over IPv6 are TCP, whatever is on the path"};
  return {"find the address of " + host + ": " + ::gai_strerror(failure), 0,
          failure == EAI_AGAIN ? "see that the name server answers, or give the address itself"
                               : "write the name in full, or give the address itself"};
}

}  // namespace

Result<SynTarget> parse_syn_target(std::string_view text) {
  if (text.size() > kMaxTargetBytes) return bad_target(text, "it is too long");
  std::string authority(text);
  if (const std::size_t slashes = text.find("://"); slashes != std::string_view::npos) {
    const std::string scheme = lower(text.substr(0, slashes));
    authority = text.substr(slashes + 3);
    authority.resize(std::min(authority.size(), authority.find_first_of("/?#")));
    if (const std::size_t at = authority.rfind('@'); at != std::string::npos)
      authority.erase(0, at + 1);
    if (!names_port(authority)) {
      const auto port = default_port(scheme);
      if (!port) return bad_target(text, "the scheme has no port that is known here");
      authority += ":" + std::string(*port);
    }
  }
  if (authority.starts_with(':')) return bad_target(text, "the host is missing");
  const auto parsed = parse_host_port(authority);
  if (!parsed) return bad_target(text, "it is not HOST:PORT, or the port is no number up to 65535");
  if (parsed->port == 0) return bad_target(text, "the port is 0");
  const bool is_name = std::ranges::all_of(parsed->host, [](unsigned char c) {
    return std::isalnum(c) ||
           std::string_view("-._:%").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (!is_name) return bad_target(text, "the host has characters that no name has");
  return SynTarget{std::string(text), parsed->host, parsed->port};
}

Result<std::uint32_t> parse_magic(std::string_view text) {
  std::string_view digits = text;
  if (digits.starts_with("0x") || digits.starts_with("0X")) digits.remove_prefix(2);
  std::uint32_t magic = 0;
  const char* end = digits.data() + digits.size();
  const auto [stopped, failed] = std::from_chars(digits.data(), end, magic, 16);
  if (digits.size() != 8 || failed != std::errc() || stopped != end)
    return Error{"\"" + printable(text, kShownCharacters) + "\" is no experiment identifier", 0,
                 "give 8 hexadecimal digits; SMC's are E2D4C3D9"};
  return magic;
}

Result<std::vector<std::uint32_t>> resolve_ipv4(const SynTarget& target,
                                                const ResolverConfig* resolver) {
  // The resolver's own limit, 5 s, would let one dead server hold us for long.
  const ThreadResolver asked(resolver, kNameServerSeconds);
  int failure = 0;
  const Addresses list = look_up(target.host, AF_INET, failure);
  if (list == nullptr) return no_address(target, failure);
  std::vector<std::uint32_t> addresses;
  for (const addrinfo* entry = list.get(); entry != nullptr; entry = entry->ai_next) {
    sockaddr_in address = {};
    std::memcpy(&address, entry->ai_addr, sizeof address);
    const std::uint32_t value = ntohl(address.sin_addr.s_addr);
    if (std::ranges::find(addresses, value) == addresses.end()) addresses.push_back(value);
  }
  return addresses;
}

}  // namespace smc::node
