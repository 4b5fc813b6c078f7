// Base64 with the standard alphabet and padding (RFC 4648, section 4), as JSON carries bytes in
// Kubernetes. Pure functions, safe on any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace smc {

void append_base64(std::string& out, std::string_view bytes);
std::string base64_encode(std::string_view bytes);

// Line breaks and blanks between the characters are skipped, as YAML files wrap long values.
// Nothing for any other character, missing padding, or bits set past the last byte.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace smc
