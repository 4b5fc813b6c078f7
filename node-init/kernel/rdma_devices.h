// The RDMA devices that the calling thread's network namespace may use: RDMA netlink for what the
// kernel knows, /sys for the PCI identity. Safe on any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "node-init/kernel/system.h"

namespace smc::node {

struct RdmaPort {
  int number = 0;
  bool active = false;
  std::string state;   // "ACTIVE", "DOWN", …
  std::string netdev;  // empty where it is in another namespace
  int ifindex = 0;
};

struct RdmaDevice {
  std::string name;
  std::string node_type;     // "CA", "RNIC", …
  bool is_ib_ca = false;     // the only type that SMC takes
  std::uint16_t vendor = 0;  // PCI; 0 where it is no PCI device
  std::uint16_t device = 0;
  std::vector<RdmaPort> ports;

  // Alibaba Cloud's elastic RDMA interface, known by its PCI identity.
  bool is_erdma() const { return vendor == 0x1ded && device == 0x107f; }
};

// Empty where the kernel has no RDMA at all.
Result<std::vector<RdmaDevice>> rdma_devices(System& system);

// How many queue pairs each device has in use, by its name, those of the kernel included. Empty on
// kernels before 4.17, which do not count them.
Result<std::map<std::string, std::uint64_t>> queue_pairs_in_use(System& system);

// True: devices are shared by all network namespaces. False: each belongs to one (exclusive mode).
Result<bool> rdma_namespaces_shared(System& system);

}  // namespace smc::node
