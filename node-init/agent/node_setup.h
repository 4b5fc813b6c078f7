// What the agent puts into the kernel's tables of a node, once for all its pods: a pnetid for each
// port of an RDMA device, and a UEID; node_switch.h has the BPF switch. Planning is a pure function
// of what is there, so that a dry run, the first set-up and a repair are the same code; applying
// records first and then writes.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "node-init/agent/own_record.h"
#include "node-init/diagnosis/checks.h"
#include "node-init/kernel/links.h"
#include "node-init/kernel/pnet_table.h"
#include "node-init/kernel/smc_devices.h"
#include "node-init/kernel/system.h"

namespace smc::node {

struct SetupConfig {
  std::string pnetid;                // normal form; empty: the MAC of each port's own interface
  std::vector<std::string> devices;  // empty: every one that SMC has taken in
  std::string ueid;                  // normal form; empty: none
  bool take_over = false;            // replace what another program set up
};

// What is there, read from the kernel in the node's own network namespace.
struct NodeTables {
  std::vector<SmcDevice> devices;
  std::vector<PnetEntry> pnetids;
  std::vector<std::string> ueids;
  bool has_ueids = true;  // false: this kernel's SMC has no table for them
  std::vector<Link> links;
};

Result<NodeTables> read_node_tables(System& system);

// kHardware: the device brings its pnetid along, and nobody can change it.
enum class Owner { kNobody, kAgent, kOther, kHardware };
std::string_view owner_name(Owner owner);

struct PortState {
  std::string device;
  int port = 0;
  std::string interface;  // of this namespace; empty: none
  int ifindex = 0;
  bool active = false;
  std::string pnetid;  // that it has now; empty: none
  Owner owner = Owner::kNobody;
};

struct UeidState {
  std::string ueid;
  Owner owner = Owner::kOther;
};

struct SetupStep {
  enum class Kind { kSetPnetid, kRemoveUeid, kAddUeid, kAttachSwitch, kRemoveSwitch };
  Kind kind = Kind::kSetPnetid;
  OwnPnetid pnetid;     // with kSetPnetid
  std::string ueid;     // with those of UEIDs
  bool repair = false;  // the record says that it was there already
  std::string text;     // "pnetid 0A1B2C3D4E5F for mlx5_0 port 1"
};

struct SetupPlan {
  std::vector<SetupStep> steps;  // in this order
  std::vector<PortState> ports;  // as they are before the steps
  std::vector<UeidState> ueids;
  std::vector<CheckResult> checks;  // of what is configured; what a step will mend is kWarn
};

SetupPlan plan_setup(const NodeTables& tables, const OwnRecord& record, const SetupConfig& config);

// Writes the intent into `record` and its file, then the kernel. On failure the record may name
// what is not there, which the next round or `uninstall` settles.
Result<void> apply_step(System& system, const OwnRecordFile& file, OwnRecord& record,
                        const SetupStep& step);

// Removes from the kernel what the record names and leaves everything else; what is gone already is
// no error. `removed` says each thing that was removed. Goes on after a failure and returns the
// first; the record then keeps what is left.
Result<void> remove_own_setup(System& system, const OwnRecordFile& file, OwnRecord& record,
                              std::vector<std::string>& removed);

}  // namespace smc::node
