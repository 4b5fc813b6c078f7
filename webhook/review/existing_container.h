// The init container that a pod already has under our name, as plain values: what we set, and
// whether there is anything beside that. Pure functions, safe on any thread; the views point into
// the parsed document.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "webhook/review/json_reader.h"

namespace smc::webhook {

// An environment variable that is a field of the pod.
struct FieldVariable {
  std::string_view name;
  std::string_view field_path;
};

// An amount of a resource. The API takes a number too, but writes text.
struct Quantity {
  std::string_view text;  // empty: a number
};

struct ResourceAmount {
  std::string_view resource;
  Quantity quantity;
};

enum class Seccomp { kNone, kRuntimeDefault, kOther };

struct ContainerSecurity {
  std::optional<bool> privileged, privilege_escalation, read_only_root_filesystem, run_as_non_root;
  std::optional<std::int64_t> run_as_user, run_as_group;
  bool adds_capabilities = false, drops_capabilities = false;
  bool drops_all_capabilities = false;  // "ALL" is among what it drops
  Seccomp seccomp = Seccomp::kNone;
};

struct ExistingContainer {
  std::size_t index = 0;  // in spec.initContainers
  std::string_view image, image_pull_policy, termination_message_policy;
  std::optional<JsonArray> command, args;  // strings alone
  std::vector<FieldVariable> environment;
  std::vector<ResourceAmount> limits, requests;
  ContainerSecurity security;
  // A field of the container in which something stands that neither we nor the API server put
  // there; empty: there is none.
  std::string_view foreign;
};

// `volumes` is the member of the pod's spec.
ExistingContainer read_existing_container(JsonReader& reader, JsonObject container,
                                          const Path& path, const Member& volumes);

}  // namespace smc::webhook
