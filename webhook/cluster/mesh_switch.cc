#include "webhook/cluster/mesh_switch.h"

#include <nlohmann/json.hpp>

namespace smc::webhook {

std::string_view to_text(MeshSeen seen) {
  switch (seen) {
    case MeshSeen::kNothing:
      return "nothing";
    case MeshSeen::kNoResource:
      return "no_resource";
    case MeshSeen::kNoObject:
      return "no_object";
    case MeshSeen::kNoField:
      return "no_field";
    case MeshSeen::kNoBoolean:
      return "no_boolean";
    case MeshSeen::kContradictory:
      return "contradictory";
    case MeshSeen::kOff:
      return "off";
    case MeshSeen::kOn:
      return "on";
  }
  return "";
}

bool decides(MeshSeen seen) {
  return seen == MeshSeen::kOff || seen == MeshSeen::kOn;
}

bool smc_enabled(bool configured, MeshSeen seen) {
  return decides(seen) ? seen == MeshSeen::kOn : configured;
}

MeshSeen read_mesh_config(const nlohmann::json& object) {
  const auto spec = object.find("spec");
  if (spec == object.end() || spec->is_null()) return MeshSeen::kNoField;
  if (!spec->is_object()) return MeshSeen::kNoBoolean;
  const auto field = spec->find("smcEnabled");
  if (field == spec->end() || field->is_null()) return MeshSeen::kNoField;
  if (!field->is_boolean()) return MeshSeen::kNoBoolean;
  return field->get<bool>() ? MeshSeen::kOn : MeshSeen::kOff;
}

MeshSeen combined(const std::map<std::string, MeshSeen>& objects) {
  if (objects.empty()) return MeshSeen::kNoObject;
  for (const auto& [ns, seen] : objects)
    if (seen != objects.begin()->second) return MeshSeen::kContradictory;
  return objects.begin()->second;
}

}  // namespace smc::webhook
