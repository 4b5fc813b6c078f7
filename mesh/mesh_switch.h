// The mesh switch as pure functions: what was last seen of the ASMMeshConfig "default", and what
// follows from it and from the configuration. Values, safe on any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace smc {

enum class MeshConfigState {
  kNothing,        // not watched, or not read yet
  kNoResource,     // the API server does not serve the kind
  kNoObject,       // it does, and there is no "default"
  kNoField,        // its spec.smcEnabled is absent or null
  kNoBoolean,      // its spec.smcEnabled, or its spec, has another type
  kContradictory,  // of a namespaced kind: several that are not of one mind
  kOff,
  kOn,
};

// "off", "no_object", … for logs.
std::string_view to_text(MeshConfigState seen);

// Whether it says on or off by itself; else the configuration does.
bool decides(MeshConfigState seen);

// The effective value.
bool smc_enabled(bool configured, MeshConfigState seen);

// Of one ASMMeshConfig.
MeshConfigState read_mesh_config(const nlohmann::json& object);

// Of all that are called "default", by their namespace. A cluster-scoped kind has at most one.
MeshConfigState combined(const std::map<std::string, MeshConfigState>& objects);

}  // namespace smc
