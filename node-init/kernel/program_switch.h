// How the sockets of ordinary programs become SMC sockets in a network namespace: by a switch that
// the kernel has, or not at all, so that programs have to ask for SMC themselves. The calling
// thread's namespace counts; safe on any thread.
#pragma once

#include <optional>

#include "base/pod_arguments.h"
#include "base/result.h"
#include "node-init/kernel/system.h"

namespace smc::node {

// net.smc.tcp2smc, which Alibaba Cloud Linux 3 has and neither mainline nor Alibaba Cloud Linux 4.
inline constexpr const char* kSwitchPath = "/proc/sys/net/smc/tcp2smc";

// Whether it is on; nothing where this kernel has none.
Result<std::optional<bool>> read_program_switch(System& system);

// The words for "none": what follows from it, and what can be done about it.
inline constexpr const char* kNoSwitch =
    "this kernel has no switch for existing programs (net.smc.tcp2smc): their sockets stay TCP";
inline constexpr const char* kNoSwitchHint =
    "where the programs ask for SMC themselves (IPPROTO_SMC, AF_SMC, smc_run's preload), say "
    "--programs=ask; for a pod: annotation smc.asm.alibabacloud.com/programs: ask";

}  // namespace smc::node
