// The checks that ask the kernel about itself: release, fixes, SMC, the switch and what decides a
// handshake. They follow the rules of checks.h.
#pragma once

#include <string>
#include <string_view>

#include "node-init/diagnosis/checks.h"

namespace smc::node {

// The oldest kernel of Alibaba Cloud Linux 3 on which the managed service supports SMC for pods.
inline constexpr std::string_view kOldestAlinux3Kernel = "5.10.134-17.3";

// Asking SMC for anything would load its module.
bool smc_is_loaded(System& system);

// "kernel": the release and the distribution. Of the node alone: in a container the file
// /etc/os-release is the image's.
CheckResult check_kernel(System& system, const CheckOptions& options);
// "kernel fixes": whether kernel.org's release has the fixes of SMC's faults.
CheckResult check_kernel_fixes(System& system, const CheckOptions& options);
// "smc": loaded, loadable or missing.
CheckResult check_smc(System& system, const CheckOptions& options);
// "switch": whether sockets of programs of this namespace become SMC.
CheckResult check_switch(System& system, const CheckOptions& options);
// "programs": whether there is such a switch on this node at all.
CheckResult check_programs(System& system, const CheckOptions& options);
// "handshake": parameters in which two nodes must not differ, and what leaves SMC out of one.
CheckResult check_handshake(System& system, const CheckOptions& options);

// Why this kernel itself may have said 0x03010000; empty where nothing here does.
std::string handshake_limits(System& system);

}  // namespace smc::node
