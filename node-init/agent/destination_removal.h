// Takes the excluded destinations off a node, as `uninstall` does. Safe on any thread.
#pragma once

#include "base/result.h"
#include "node-init/kernel/destination_control.h"
#include "node-init/kernel/system.h"

namespace smc::node {

// First no namespace names the handshake control any more, then it goes with all lists. False where
// there was none.
Result<bool> remove_excluded_destinations(System& system, DestinationLists& lists);

}  // namespace smc::node
