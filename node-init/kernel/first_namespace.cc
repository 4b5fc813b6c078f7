#include "node-init/kernel/first_namespace.h"

namespace smc::node {

Result<bool> in_first_net_namespace(System& system) {
  // The kernel registers most of net.core for its first network namespace alone, somaxconn for
  // each (net/core/sysctl_net_core.c; seen on 6.12).
  const std::string core = "/proc/sys/net/core/";
  if (system.read_file(core + "netdev_max_backlog")) return true;
  const auto everywhere = system.read_file(core + "somaxconn");
  if (everywhere) return false;
  return Error{"tell whether this is the node's own network namespace: " + everywhere.error().what,
               everywhere.error().code, "mount /proc in this container"};
}

}  // namespace smc::node
