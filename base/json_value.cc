#include "base/json_value.h"

namespace smc {

using nlohmann::json;

std::string text_at(const json& document, const json::json_pointer& path) {
  if (!document.contains(path)) return {};
  const json& value = document.at(path);
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::string text_at(const json& document, const char* path) {
  return text_at(document, json::json_pointer(path));
}

}  // namespace smc
