// What the decision and the log need of a pod's metadata, as plain values. Pure functions, safe on
// any thread; the views point into the parsed document.
#pragma once

#include <optional>
#include <string_view>

#include "webhook/review/json_reader.h"

namespace smc::webhook {

// The annotations that mean something to us; empty where absent or null.
struct Annotations {
  std::optional<std::string_view> enabled;
  std::optional<std::string_view> status;
  std::optional<std::string_view> on_failure;
  std::optional<std::string_view> programs;
  std::optional<std::string_view> resources;
  std::optional<std::string_view> interface;
  std::optional<std::string_view> pnetid;
  std::optional<std::string_view> exclude_destinations;
  std::string_view limit_ranger;  // what the LimitRanger admission plugin says it has set
  bool mirror_pod = false;        // kubernetes.io/config.mirror, whatever it says
  bool istio_redirect = false;    // by sidecar.istio.io/status, a sidecar's, by user id
  bool erdma_smcr = false;        // network.alibabacloud.com/erdma-smcr, whatever it says
};

// The controller of a pod; all empty where it has none.
struct Owner {
  std::string_view api_version, kind, name, uid;
};

struct Metadata {
  std::string_view name;       // or generateName
  std::string_view eci_label;  // alibabacloud.com/eci
  Owner owner;
  Annotations annotations;

  bool asks_for_smc() const { return annotations.enabled == "true"; }
};

// `metadata` is the member of the pod.
Metadata read_metadata(JsonReader& reader, const Member& metadata);

}  // namespace smc::webhook
