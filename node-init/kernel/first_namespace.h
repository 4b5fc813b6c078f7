// Whose network namespace the calling thread is in. Safe on any thread.
#pragma once

#include "base/result.h"
#include "node-init/kernel/system.h"

namespace smc::node {

// Whether the calling thread's network namespace is the node's own one. An error where /proc/sys
// does not show.
Result<bool> in_first_net_namespace(System& system);

}  // namespace smc::node
