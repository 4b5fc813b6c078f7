// What the decision needs of a pod, as plain values. Pure functions, safe on any thread; the views
// point into the parsed document.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "webhook/config/config.h"
#include "webhook/review/existing_container.h"
#include "webhook/review/json_reader.h"
#include "webhook/review/node_affinity.h"

namespace smc::webhook {

// The annotations that mean something to us; empty where absent or null.
struct Annotations {
  std::optional<std::string_view> enabled;
  std::optional<std::string_view> status;
  std::optional<std::string_view> on_failure;
  std::optional<std::string_view> interface;
  std::optional<std::string_view> pnetid;
  bool mirror_pod = false;  // kubernetes.io/config.mirror, whatever it says
  bool erdma_smcr = false;  // network.alibabacloud.com/erdma-smcr, whatever it says
};

// The controller of a pod; all empty where it has none.
struct Owner {
  std::string_view api_version, kind, name, uid;
};

// A container's port that the kernel reserves for eRDMA.
struct ReservedPort {
  std::string_view container;
  std::int64_t number = 0;
};

struct PodSpec {
  bool given = false;  // else the pod has none, or null
  bool host_network = false;
  bool host_users = true;
  bool windows = false;
  std::string_view runtime_class;
  std::string_view node_name;
  std::optional<std::string_view> selected_label;  // what nodeSelector wants of our label
  NodeAffinity affinity;
  bool name_taken = false;           // one of `containers` has our init container's name
  bool has_init_containers = false;  // the array is there; it may be empty
  std::optional<ExistingContainer> ours;
  std::vector<ReservedPort> reserved_ports;
};

struct Pod {
  std::string_view name;  // or generateName
  Owner owner;
  Annotations annotations;
  PodSpec spec;  // read where the pod asks for SMC; else but for `given` empty

  bool asks_for_smc() const { return annotations.enabled == "true"; }
};

// `config` says which init container and which node label are ours.
Pod read_pod(JsonReader& reader, const Member& object, const Config& config);

}  // namespace smc::webhook
