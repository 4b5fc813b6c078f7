// The addresses (GIDs) of a port of an RDMA device, from /sys: it answers in every container of the
// namespace that owns the device, also where the device's file may not be opened. Safe on any
// thread.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "node-init/kernel/system.h"

namespace smc::node {

struct RdmaGid {
  int index = 0;
  std::string type;  // "IB/RoCE v1" or "RoCE v2"
  std::string ipv4;  // the address it was made of; empty for one that was made of another

  bool is_roce_v2() const { return type == "RoCE v2"; }
  // SMC version 1 takes any of these, version 2 those of RoCE v2 with an IPv4 address
  // (smc_ib_determine_gid in the kernel's smc_ib.c).
  bool is_roce_v1() const { return type.starts_with("IB/RoCE v1"); }
  bool operator==(const RdmaGid&) const = default;
};

// In the order of their indices, without the table's empty places.
Result<std::vector<RdmaGid>> rdma_gids(System& system, const std::string& device, int port);

}  // namespace smc::node
