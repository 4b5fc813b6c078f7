// Required node affinity: that our label is there, ANDed into every alternative that the pod gives.
// Pure functions of the pod, safe on any thread.
#pragma once

#include <optional>

#include "webhook/config/config.h"
#include "webhook/review/json_reader.h"
#include "webhook/review/patch.h"
#include "webhook/review/warnings.h"

namespace smc::webhook {

// The way down to spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution; null
// counts as absent.
struct NodeAffinity {
  bool has_affinity = false;
  bool has_node_affinity = false;
  bool has_required = false;
  std::optional<JsonArray> terms;  // its nodeSelectorTerms
};

NodeAffinity read_node_affinity(Reader& reader, const Member& affinity);

// A term that names a node, as the DaemonSet controller writes it: the pod cannot move.
bool names_a_node(Reader& reader, const NodeAffinity& affinity, const Config::Affinity& label);

// Adds what is missing, and warns where the pod then matches no node.
void require_label(Reader& reader, const NodeAffinity& affinity, const Config::Affinity& label,
                   Patch& patch, Warnings& warnings);

}  // namespace smc::webhook
