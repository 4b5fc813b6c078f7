// The RDMA devices that the kernel's SMC code has taken in (generic netlink family
// SMC_GEN_NETLINK). The list is the node's, whatever namespace asks and whatever the RDMA
// namespace mode. Safe on any thread.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "node-init/kernel/system.h"

namespace smc::node {

struct SmcPort {
  int number = 0;      // from 1
  std::string pnetid;  // empty: none
  bool pnetid_by_user = false;
  int ifindex = 0;  // of its netdev, in the namespace where the device lives; 0: none
  bool active = false;

  bool operator==(const SmcPort&) const = default;
};

struct SmcDevice {
  std::string name;
  std::vector<SmcPort> ports;

  bool operator==(const SmcDevice&) const = default;
};

Result<std::vector<SmcDevice>> smc_devices(System& system);

// The pnetids of active ports, sorted, each once.
std::vector<std::string> active_pnetids(const std::vector<SmcDevice>& devices);

}  // namespace smc::node
