#include "node-init/agent/daemon/agent_system.h"

#include "node-init/bpf/bpf_switch.h"
#include "node-init/bpf/excluded_destinations.h"

namespace smc::node {

std::unique_ptr<System> make_agent_system(const std::string& host_root) {
  return make_real_system(host_root);
}

std::unique_ptr<Bpf> make_agent_bpf() {
  return make_real_bpf();
}

std::unique_ptr<DestinationLists> make_agent_lists(System& system) {
  return std::make_unique<ExcludedDestinations>(system, kBpfDirectory);
}

}  // namespace smc::node
