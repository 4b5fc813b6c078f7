// What the decision needs of a pod's spec. Views into a parsed document.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "webhook/config/config.h"
#include "webhook/review/json_reader.h"
#include "webhook/review/review.h"
#include "webhook/review/warnings.h"

namespace smc::webhook {

struct PodSpec {
  bool host_network = false;
  bool host_users = true;
  bool windows = false;
  std::string_view runtime_class;
  std::string_view node_name;
  std::optional<std::string_view> selected_label;  // what nodeSelector wants of our label
  Member affinity{"affinity"};
  std::optional<JsonArray> containers;
  std::optional<JsonArray> init_containers;
};

PodSpec read_pod_spec(Reader& reader, const std::optional<JsonObject>& spec,
                      std::string_view label_key);

struct Containers {
  bool name_taken = false;         // one in `containers` has our name
  std::optional<JsonObject> ours;  // the first in `initContainers` that has it
  std::size_t ours_at = 0;         // its place there
  Warnings port_warnings;
};

Containers read_containers(Reader& reader, const PodSpec& spec, std::string_view our_name);

// Where init container number `index` stands, for messages.
Path init_container_path(std::size_t index);

}  // namespace smc::webhook
