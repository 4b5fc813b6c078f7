// The checks of a node, as against those of one pod's network namespace (namespace_checks in
// checks.h): what must hold before any pod of it can use SMC-R. They follow the rules of checks.h.
#pragma once

#include <string_view>
#include <vector>

#include "node-init/diagnosis/checks.h"

namespace smc::node {

// The oldest kernel of Alibaba Cloud Linux 3 on which the managed service supports SMC for pods.
inline constexpr std::string_view kOldestAlinux3Kernel = "5.10.134-17.3";

// In the order in which they are shown.
const std::vector<CheckFunction>& node_checks();

}  // namespace smc::node
