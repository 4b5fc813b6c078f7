// The kernel that the program runs on: the real one. The functions that the program itself brings,
// so that a test's program can be the agent on a kernel that is played. For main().
#pragma once

#include <memory>

#include "node-init/bpf/bpf.h"
#include "node-init/kernel/destination_control.h"
#include "node-init/kernel/system.h"

namespace smc::node {

// `host_root`: see make_real_system().
std::unique_ptr<System> make_agent_system(const std::string& host_root);
std::unique_ptr<Bpf> make_agent_bpf();
// `system` must outlive it.
std::unique_ptr<DestinationLists> make_agent_lists(System& system);

}  // namespace smc::node
