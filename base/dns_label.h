// The names that DNS and Kubernetes share. Pure functions, safe on any thread.
#pragma once

#include <string_view>

namespace smc {

// RFC 1123 as Kubernetes reads it: 1 to 63 lower-case letters, digits and '-', which stands neither
// first nor last. Names of containers and namespaces are labels.
bool is_dns_label(std::string_view text);

// Labels joined by dots, at most 253 characters in all. Names of runtime classes and the prefixes
// of label keys are subdomains; Kubernetes sets no limit to the single label there.
bool is_dns_subdomain(std::string_view text);

}  // namespace smc
