// One round of the agent on its node: check it, set it up, check again. The same for the first
// set-up, a repair, `--once` and a dry run. One thread; the calling thread must be in the node's
// own network namespace.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/exit_code.h"
#include "base/result.h"
#include "node-init/agent/node_setup.h"
#include "node-init/agent/own_record.h"
#include "node-init/diagnosis/checks.h"
#include "node-init/kernel/system.h"

namespace smc::node {

struct RoundOptions {
  SetupWish wish;
  std::string host_root;  // see node_checks.h
  bool dry_run = false;   // plan, and change nothing
};

struct NodeReport {
  std::vector<CheckResult> checks;  // after the round
  std::vector<PortState> ports;
  std::vector<UeidState> ueids;
  std::vector<SetupStep> steps;  // that were applied; with dry_run: that would be
  std::optional<Error> refused;  // the step that the kernel, or the file system, refused
  bool stood_down = false;       // `uninstall` took everything back

  // The node's verdict: pods can use SMC-R here.
  bool ready() const { return overall(checks) != Verdict::kFail; }
  ExitCode exit_code() const;
};

// Never throws away what it found out: whatever fails is a check that fails.
NodeReport run_node_round(System& system, const OwnRecordFile& file, const RoundOptions& options);

// Lets an agent repair again after `uninstall` told it to stop. True if it had been told so.
Result<bool> take_up_duty(const OwnRecordFile& file);

// For a person: one line for each step and check.
std::string report_text(const NodeReport& report, bool dry_run);

}  // namespace smc::node
