// Values within JSON documents that somebody else wrote, by their place. Pure functions, safe on
// any thread.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace smc {

// The string at `path`; "" where nothing is there, or no string.
std::string text_at(const nlohmann::json& document, const nlohmann::json::json_pointer& path);

// The same for a path as text, such as "/metadata/name".
std::string text_at(const nlohmann::json& document, const char* path);

}  // namespace smc
