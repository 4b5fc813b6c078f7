// The names a serving certificate is for. Values, safe on any thread.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace smc::certs {

struct SubjectNames {
  std::vector<std::string> dns;  // lower case; the first label may be "*"
  std::vector<std::string> ips;  // as inet_ntop writes them
};

// More would only make every TLS handshake longer: a Service has four names and a few addresses.
inline constexpr std::size_t kMaxNames = 64;

// Checks what a user typed: at least one name, DNS names by RFC 1123 (or a wildcard, RFC 6125),
// addresses IPv4 or IPv6. Duplicates are dropped, letters lowered.
Result<SubjectNames> parse_names(const std::vector<std::string>& dns,
                                 const std::vector<std::string>& ips);

}  // namespace smc::certs
