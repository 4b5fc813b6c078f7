// Addresses of a cluster by the names that people know: pods, Services, nodes. Immutable, safe on
// any thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace smc::kubectl {

class Names {
 public:
  Names() = default;
  Names(const std::vector<nlohmann::json>& pods, const std::vector<nlohmann::json>& services,
        const std::vector<nlohmann::json>& nodes);

  // "pod NS/NAME", "service NS/NAME", "node NAME"; empty for an address of somebody else's.
  std::string find(const std::string& address) const;

 private:
  std::map<std::string, std::string> names_;
};

}  // namespace smc::kubectl
