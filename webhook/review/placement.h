// What a pod says about the nodes that it is for. Pure functions, safe on any thread.
#pragma once

#include <string_view>

#include "webhook/review/pod.h"

namespace smc::webhook {

bool is_for_windows(const PodSpec& spec);

// What asks for a virtual node, whose pods run elsewhere; empty: nothing does.
std::string_view virtual_node_by(const Pod& pod);

// Why the pod is bound to one node, which a node affinity of ours could not change; else empty.
std::string_view bound_by(const Pod& pod);

}  // namespace smc::webhook
