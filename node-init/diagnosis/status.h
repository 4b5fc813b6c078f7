// `smc-node-init status`: everything that the kernel tells about SMC in the calling thread's
// network namespace, as text and as JSON. Safe on any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "node-init/kernel/pnet_table.h"
#include "node-init/kernel/program_switch.h"
#include "node-init/kernel/smc_devices.h"
#include "node-init/kernel/smc_sockets.h"
#include "node-init/kernel/smc_stats.h"
#include "node-init/kernel/system.h"

namespace smc::node {

struct Status {
  std::optional<ProgramSwitch> program_switch;
  std::vector<SmcDevice> devices;
  std::vector<PnetEntry> pnet_table;
  std::vector<std::string> ueids;
  FallbackStats fallbacks;
  TrafficStats traffic;
  std::vector<SmcSocket> sockets;
  std::vector<Error> missing;  // parts that this kernel did not tell
};

// An error where the kernel's SMC is not loaded; loads nothing.
Result<Status> read_status(System& system);

std::string status_text(const Status& status);
std::string status_json(const Status& status);

}  // namespace smc::node
