// How the sockets of ordinary programs become SMC sockets in a network namespace: by a switch that
// the kernel has, by one that the node's agent brings along (BPF), or not at all, so that programs
// have to ask for SMC themselves. The calling thread's namespace counts; safe on any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/pod_arguments.h"
#include "base/result.h"
#include "node-init/kernel/kernel_release.h"
#include "node-init/kernel/system.h"

namespace smc::node {

// net.smc.tcp2smc, which Alibaba Cloud Linux 3 has and neither mainline nor Alibaba Cloud Linux 4.
inline constexpr const char* kSwitchPath = "/proc/sys/net/smc/tcp2smc";

// `net/ipproto_smc` made SMC a protocol of AF_INET sockets, which is what BPF's switch answers.
inline constexpr KernelVersion kFirstWithIpprotoSmc{6, 11, 0};

enum class SwitchKind {
  kNone,  // there is no switch on this kernel
  kTcp2smc,
  // The agent's program at update_socket_protocol(), for the namespaces on its list: see
  // node-init/bpf/bpf_switch.h.
  kBpf,
};
std::string_view switch_name(SwitchKind kind);  // "none", "tcp2smc", "bpf"

// Which of them to use; kAuto: tcp2smc where the kernel has it, else BPF.
enum class SwitchChoice { kAuto, kTcp2smc, kBpf, kNone };
inline constexpr const char* kSwitchFlag = "--switch";
const std::map<std::string, SwitchChoice>& switch_choices();  // by the flag's words

// The switch of a network namespace. What is in force is asked here alone.
struct ProgramSwitch {
  SwitchKind kind = SwitchKind::kNone;
  bool on = false;  // sockets that are created from now on are SMC's
};

// Whether BPF's is on is seen in a socket; that it could be had, where it is not on, in the
// kernel's release and its BTF.
Result<ProgramSwitch> read_program_switch(System& system,
                                          SwitchChoice choice = SwitchChoice::kAuto);

// Why the running kernel cannot have the BPF switch; nothing: as far as can be told it can.
std::optional<std::string> bpf_switch_obstacle(System& system);

// For kNone: what follows from it, why there is none, and what can be done.
Error no_switch_error(System& system, SwitchChoice choice);

// Puts network namespaces on the list of the BPF switch: for the agent alone.
class SwitchList {
 public:
  virtual ~SwitchList() = default;

  // The calling thread's; no error where it is there already.
  virtual Result<void> add_this_namespace() = 0;
};

}  // namespace smc::node
