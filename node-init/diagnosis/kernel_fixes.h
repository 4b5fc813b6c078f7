// Faults of the kernel's SMC that a peer on the network can reach, and the stable releases that
// have the fix. Pure functions, safe on any thread.
#pragma once

#include <string_view>
#include <vector>

#include "node-init/kernel/kernel_release.h"

namespace smc::node {

struct KernelFault {
  std::string_view cve;
  std::string_view what;  // "a peer can …"
  KernelVersion fixed;    // the first release at or after the asked one that has the fix
};

// Those that a kernel.org release of this number has. A distribution's kernel must not be asked
// about by its number: it may have the fix all the same.
std::vector<KernelFault> kernel_faults(const KernelVersion& version);

}  // namespace smc::node
