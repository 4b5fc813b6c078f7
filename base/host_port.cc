#include "base/host_port.h"

#include <charconv>

namespace smc {

std::string HostPort::text() const {
  const bool ipv6 = host.find(':') != std::string::npos;
  return (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<HostPort> parse_host_port(std::string_view text) {
  const Error malformed{"\"" + std::string(text) + "\" is not HOST:PORT", 0,
                        "for example 0.0.0.0:8443 or [::]:8443"};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return malformed;
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);

  HostPort parsed;
  const auto [end, failed] = std::from_chars(port.data(), port.data() + port.size(), parsed.port);
  if (failed != std::errc{} || end != port.data() + port.size()) return malformed;
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (!bracketed && host.find(':') != std::string_view::npos) return malformed;
  parsed.host = host.empty() ? "::" : host;
  return parsed;
}

}  // namespace smc
