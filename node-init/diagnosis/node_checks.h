// The checks of a node, as against those of one pod's network namespace (namespace_checks in
// checks.h): what must hold before any pod of it can use SMC-R. They follow the rules of checks.h.
#pragma once

#include <vector>

#include "node-init/diagnosis/checks.h"
#include "node-init/diagnosis/kernel_checks.h"
#include "node-init/diagnosis/rdma_checks.h"

namespace smc::node {

// In the order in which they are made.
const std::vector<CheckFunction>& node_checks();

}  // namespace smc::node
