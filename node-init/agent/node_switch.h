// The BPF switch in the agent's round: put in place where it is the one to use, taken away where
// another one is. See node-init/bpf/bpf_switch.h. One thread.
#pragma once

#include <optional>
#include <vector>

#include "node-init/agent/node_setup.h"
#include "node-init/bpf/bpf_switch.h"
#include "node-init/diagnosis/checks.h"
#include "node-init/kernel/list_use.h"
#include "node-init/kernel/program_switch.h"

namespace smc::node {

// What of the switch there is, and what was done for it.
struct SwitchRound {
  std::vector<SetupStep> steps;  // that were applied; with a dry run: that would be
  std::vector<CheckResult> checks;
  std::optional<ListUse> list;  // of the namespaces in which it is on; nothing: it is not in force
};

// The calling thread must be in the node's own network namespace. Without the switch the node is
// not ready, unless the programs of its pods ask for SMC themselves.
SwitchRound round_of_switch(System& system, BpfSwitch& bpf, SwitchChoice choice, Programs programs,
                            bool dry_run);

}  // namespace smc::node
