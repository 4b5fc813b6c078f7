#include "node-init/agent/daemon/agent_system.h"

namespace smc::node {

std::unique_ptr<System> make_agent_system(const std::string& host_root) {
  return make_real_system(host_root);
}

std::unique_ptr<Bpf> make_agent_bpf() {
  return make_real_bpf();
}

}  // namespace smc::node
