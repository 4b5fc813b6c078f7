// Required node affinity: that our label is there, ANDed into every alternative that the pod gives.
// Pure functions of the pod, safe on any thread.
#pragma once

#include "webhook/review/compiled_config.h"
#include "webhook/review/node_affinity.h"
#include "webhook/review/patch.h"
#include "webhook/review/warnings.h"

namespace smc::webhook {

// A term that names a node, as the DaemonSet controller writes it: the pod cannot move.
bool names_a_node(const NodeAffinity& affinity);

// Adds what is missing, and warns where the pod then matches no node.
void require_label(const NodeAffinity& affinity, const CompiledConfig& config, Patch& patch,
                   Warnings& warnings);

}  // namespace smc::webhook
