// What tests of the chart's pods look at in a rendered object. Pure functions.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace smc::chart {

inline nlohmann::json pod_spec(const nlohmann::json& object) {
  return object["kind"] == "Pod" ? object["spec"] : object["spec"]["template"]["spec"];
}

inline std::vector<std::string> args_of(const nlohmann::json& object) {
  return pod_spec(object)["containers"][0]["args"];
}

inline nlohmann::json env_of(const nlohmann::json& object, const std::string& name) {
  const auto spec = pod_spec(object);
  for (const auto& variable : spec["containers"][0]["env"])
    if (variable["name"] == name) return variable;
  return nullptr;
}

}  // namespace smc::chart
