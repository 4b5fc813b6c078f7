// The query of a URL, as a request has it. Pure functions, safe on any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace smc::http {

// "pod=ns%2Fname&target=x" by name, decoded (application/x-www-form-urlencoded). Nothing where a
// name is there twice, or an escape is none.
std::optional<std::map<std::string, std::string>> parse_query(std::string_view query);

}  // namespace smc::http
