// What `syn-check` is asked about: a URL or HOST:PORT, and its IPv4 addresses. Safe on any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "node-init/diagnosis/resolver_config.h"

namespace smc::node {

struct SynTarget {
  std::string text;  // as it was given
  std::string host;  // address or name, IPv6 without brackets
  std::uint16_t port = 0;
};

// "http://server:8080/path", "https://server", "server:8080". A URL of another scheme has to name
// its port.
Result<SynTarget> parse_syn_target(std::string_view text);

// "E2D4C3D9", "0xe2d4c3d9"
Result<std::uint32_t> parse_magic(std::string_view text);

// All IPv4 addresses, in host order, as the resolver sorts them; `resolver` null: this machine's
// /etc/resolv.conf. /etc/hosts is this machine's in either case. Name servers that do not answer
// are given up after 2 s, twice. An error where there is no address: it says whether the name has
// IPv6 addresses alone.
Result<std::vector<std::uint32_t>> resolve_ipv4(const SynTarget& target,
                                                const ResolverConfig* resolver = nullptr);

}  // namespace smc::node
