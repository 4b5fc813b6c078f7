#include "webhook/config.h"

#include "base/version.h"

namespace smc::webhook {

std::string Config::default_image() {
  return std::string(kImageRegistry) + "/smc-node-init:" + kVersion;
}

std::string ConfigMistake::text(std::string_view file) const {
  std::string out(file);
  if (line > 0) out += ":" + std::to_string(line);
  if (!key.empty()) out += ": " + key;
  out += ": " + problem;
  if (!allowed.empty()) out += " (allowed: " + allowed + ")";
  return out;
}

}  // namespace smc::webhook
