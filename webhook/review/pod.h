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
#include "webhook/review/metadata.h"
#include "webhook/review/node_affinity.h"

namespace smc::webhook {

// A container's port that the kernel reserves for eRDMA.
struct ReservedPort {
  std::string_view container;
  std::int64_t number = 0;
};

// What a pod's nodeSelector wants of the labels that mean something to us.
struct NodeSelector {
  std::optional<std::string_view> os, older_os;  // kubernetes.io/os, beta.kubernetes.io/os
  std::optional<std::string_view> type;
  std::optional<std::string_view> our_label;
};

// What the pod as a whole asks for of one resource (spec.resources); empty: it does not name it.
struct PodAmount {
  std::optional<Quantity> request, limit;
};

struct PodSpec {
  bool given = false;  // else the pod has none, or null
  bool host_network = false;
  bool host_users = true;
  std::string_view os;           // spec.os.name
  bool windows_options = false;  // of the pod or one of its containers
  std::string_view runtime_class;
  std::string_view node_name;
  NodeSelector node_selector;
  bool tolerates_virtual_nodes = false;
  NodeAffinity affinity;
  PodAmount cpu, memory;
  bool has_pull_secrets = false;  // the array is there; it may be empty
  std::vector<std::string_view> pull_secrets;
  bool name_taken = false;           // one of `containers` has our init container's name
  bool has_init_containers = false;  // the array is there; it may be empty
  std::optional<ExistingContainer> ours;
  // Native sidecars (restartPolicy Always) among the init containers; a few, since their names
  // become part of an annotation.
  std::vector<std::string_view> sidecars;
  std::size_t sidecars_before_ours = 0;  // the first so many of them
  std::vector<ReservedPort> reserved_ports;
};

struct Pod {
  Metadata metadata;
  PodSpec spec;  // read where the pod asks for SMC
};

// Fills `pod`, which is empty. `config` says which init container and which node label are ours.
void read_pod(JsonReader& reader, const Member& object, const Config& config, Pod& pod);

}  // namespace smc::webhook
