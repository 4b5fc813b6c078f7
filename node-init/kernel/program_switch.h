// How the sockets of ordinary programs become SMC sockets in a network namespace: by a switch that
// the kernel has, or not at all, so that programs have to ask for SMC themselves. The calling
// thread's namespace counts; safe on any thread.
#pragma once

#include <string_view>

#include "base/pod_arguments.h"
#include "base/result.h"
#include "node-init/kernel/system.h"

namespace smc::node {

// net.smc.tcp2smc, which Alibaba Cloud Linux 3 has and neither mainline nor Alibaba Cloud Linux 4.
inline constexpr const char* kSwitchPath = "/proc/sys/net/smc/tcp2smc";

enum class SwitchKind {
  kNone,  // this kernel has no switch
  kTcp2smc,
};
std::string_view switch_name(SwitchKind kind);  // "none", "tcp2smc"

// The switch of a network namespace. What is in force is asked here alone.
struct ProgramSwitch {
  SwitchKind kind = SwitchKind::kNone;
  bool on = false;  // sockets that are created from now on are SMC's
};

Result<ProgramSwitch> read_program_switch(System& system);

// The words for kNone: what follows from it, and what can be done about it.
inline constexpr const char* kNoSwitch =
    "this kernel has no switch for existing programs (net.smc.tcp2smc): their sockets stay TCP";
inline constexpr const char* kNoSwitchHint =
    "where the programs ask for SMC themselves (IPPROTO_SMC, AF_SMC, smc_run's preload), say "
    "--programs=ask; for a pod: annotation smc.asm.alibabacloud.com/programs: ask";

}  // namespace smc::node
