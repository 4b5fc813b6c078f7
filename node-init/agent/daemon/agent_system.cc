#include "node-init/agent/daemon/agent_system.h"

namespace smc::node {

std::unique_ptr<System> make_agent_system() {
  return make_real_system();
}

}  // namespace smc::node
