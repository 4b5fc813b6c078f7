// The kernel's SMC handshake control (Linux 6.19, CONFIG_SMC_HS_CTRL_BPF): BPF programs that decide
// for each connection whether its SYN and SYN-ACK carry the SMC option. A network namespace names
// the control that is in force for it in net.smc.hs_ctrl. Ours leaves the option out for excluded
// destinations (base/destinations.h); the node's agent owns it and its lists. The calling thread's
// namespace counts; safe on any thread.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "base/destinations.h"
#include "base/result.h"
#include "node-init/kernel/list_use.h"
#include "node-init/kernel/system.h"

namespace smc::node {

inline constexpr const char* kControlPath = "/proc/sys/net/smc/hs_ctrl";

// Ours begins with this; a number for its version follows.
inline constexpr std::string_view kControlPrefix = "smc_asm_dest_";

enum class ControlState {
  kMissing,  // this kernel has no handshake control
  kNone,     // none is in force here
  kOurs,     // the agent has put this namespace's list in force
  kForeign,  // another program's
};

struct DestinationControl {
  ControlState state = ControlState::kMissing;
  std::string name;  // of what is in force
};

Result<DestinationControl> read_destination_control(System& system);

// Takes ours out of force in this namespace; another program's stays.
Result<void> reset_destination_control(System& system);

// Puts lists in force. Only the agent can, with node-init/bpf.
class DestinationLists {
 public:
  virtual ~DestinationLists() = default;

  // In force for the calling thread's namespace when it returns, in place of an earlier list of
  // its own.
  virtual Result<void> put(const Destinations& list) = 0;

  // The entries of all namespaces' lists together.
  virtual ListUse use() = 0;

  // Forgets the lists of namespaces that are gone: of all whose /proc/PID/ns/net has none of these
  // inodes.
  virtual Result<void> keep(const std::set<std::uint64_t>& inodes) = 0;

  // Takes everything off the node; false where nothing was there. A namespace that still names it
  // (reset_destination_control) keeps it and its list until it is gone.
  virtual Result<bool> remove() = 0;
};

// The words for kMissing.
inline constexpr const char* kNoControl =
    "this kernel has no net.smc.hs_ctrl, so connections to excluded destinations carry the SMC "
    "option like all others";
inline constexpr const char* kNoControlHint =
    "Linux 6.19 or later with CONFIG_SMC_HS_CTRL_BPF has it; on this node leave a pod that needs "
    "such a destination on TCP: annotation smc.asm.alibabacloud.com/enabled: \"false\"";

}  // namespace smc::node
