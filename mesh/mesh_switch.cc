#include "mesh/mesh_switch.h"

#include <nlohmann/json.hpp>

namespace smc {

std::string_view to_text(MeshConfigState seen) {
  switch (seen) {
    case MeshConfigState::kNothing:
      return "nothing";
    case MeshConfigState::kNoResource:
      return "no_resource";
    case MeshConfigState::kNoObject:
      return "no_object";
    case MeshConfigState::kNoField:
      return "no_field";
    case MeshConfigState::kNoBoolean:
      return "no_boolean";
    case MeshConfigState::kContradictory:
      return "contradictory";
    case MeshConfigState::kOff:
      return "off";
    case MeshConfigState::kOn:
      return "on";
  }
  return "";
}

bool decides(MeshConfigState seen) {
  return seen == MeshConfigState::kOff || seen == MeshConfigState::kOn;
}

bool smc_enabled(bool configured, MeshConfigState seen) {
  return decides(seen) ? seen == MeshConfigState::kOn : configured;
}

MeshConfigState read_mesh_config(const nlohmann::json& object) {
  const auto spec = object.find("spec");
  if (spec == object.end() || spec->is_null()) return MeshConfigState::kNoField;
  if (!spec->is_object()) return MeshConfigState::kNoBoolean;
  const auto field = spec->find("smcEnabled");
  if (field == spec->end() || field->is_null()) return MeshConfigState::kNoField;
  if (!field->is_boolean()) return MeshConfigState::kNoBoolean;
  return field->get<bool>() ? MeshConfigState::kOn : MeshConfigState::kOff;
}

MeshConfigState combined(const std::map<std::string, MeshConfigState>& objects) {
  if (objects.empty()) return MeshConfigState::kNoObject;
  for (const auto& [ns, seen] : objects)
    if (seen != objects.begin()->second) return MeshConfigState::kContradictory;
  return objects.begin()->second;
}

}  // namespace smc
