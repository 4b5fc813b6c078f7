// "HOST:PORT" as the flags give it. Pure functions, safe on any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace smc {

struct HostPort {
  std::string host;  // address or name, IPv6 without brackets
  std::uint16_t port = 0;

  std::string text() const;
};

// "0.0.0.0:8443", "[::1]:8443", "localhost:0"; ":8443" is "[::]:8443".
Result<HostPort> parse_host_port(std::string_view text);

}  // namespace smc
