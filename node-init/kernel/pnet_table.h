// The kernel's table of physical networks (pnetids), one per network namespace: the generic netlink
// family SMC_PNETID. An interface and a port of an RDMA device that carry the same pnetid belong
// together. The calling thread's namespace counts; safe on any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "node-init/kernel/system.h"

namespace smc::node {

struct PnetEntry {
  std::string pnetid;
  std::string interface;  // empty: not an interface's
  std::string ib_device;  // empty: not an RDMA device's
  int ib_port = 0;        // from 1; 0: none

  bool operator==(const PnetEntry&) const = default;
};

// Upper case, as the kernel stores it; nothing if it is not 1 to 16 letters and digits.
std::optional<std::string> normal_pnetid(std::string_view text);

Result<std::vector<PnetEntry>> read_pnet_table(System& system);

// EEXIST where the interface or port has an entry already, with this pnetid or another one. Outside
// the first namespace the kernel ignores the half for the RDMA device.
Result<void> add_pnet_entry(System& system, const PnetEntry& entry);

// Removes *every* entry of this pnetid in this namespace: the kernel knows no smaller step. ENOENT
// where there is none.
Result<void> remove_pnetid(System& system, const std::string& pnetid);

// Removes this one entry and puts back those that share its pnetid. False where it was gone
// already.
Result<bool> remove_pnet_entry(System& system, const PnetEntry& entry);

// Makes `wanted` the entry for its interface or port, whatever another program does meanwhile:
// reads, and only where something else is there removes and adds, putting back the other entries
// that a removal takes along; then reads again. Changes nothing where the entry is right. EBUSY
// when another program keeps changing it back, EEXIST where the hardware itself names the network
// and the kernel therefore takes no entry.
enum class PnetChange { kNone, kAdded, kCorrected };
Result<PnetChange> ensure_pnet_entry(System& system, const PnetEntry& wanted);

}  // namespace smc::node
