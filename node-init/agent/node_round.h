// One round of the agent on its node: check it, set it up, check again. The same for the first
// set-up, a repair, `--once` and a dry run. One thread; the calling thread must be in the node's
// own network namespace.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/exit_code.h"
#include "base/pod_arguments.h"
#include "base/result.h"
#include "node-init/agent/node_setup.h"
#include "node-init/agent/own_record.h"
#include "node-init/bpf/bpf_switch.h"
#include "node-init/diagnosis/checks.h"
#include "node-init/kernel/list_use.h"
#include "node-init/kernel/system.h"

namespace smc::node {

struct RoundOptions {
  SetupConfig setup;
  std::string host_root;  // see node_checks.h
  Programs programs = Programs::kSwitch;
  SwitchChoice program_switch = SwitchChoice::kAuto;
  BpfSwitch* bpf = nullptr;          // none: whatever there is stays
  int expected_pods = kDefaultPods;  // on this node
  bool dry_run = false;              // plan, and change nothing
};

struct NodeReport {
  std::vector<CheckResult> checks;  // after the round
  std::vector<PortState> ports;
  std::vector<UeidState> ueids;
  std::vector<SetupStep> steps;        // that were applied; with dry_run: that would be
  std::optional<Error> refused;        // the step that the kernel, or the file system, refused
  std::optional<ListUse> switch_list;  // of the BPF switch, where it is in force
  bool candidate = true;               // see node_candidate.h; true where that is not known
  bool uninstalled = false;            // `uninstall` took everything back

  // The node's verdict: pods can use SMC-R here.
  bool ready() const { return overall(checks) != Verdict::kFail; }
  ExitCode exit_code() const;
};

// Never throws away what it found out: whatever fails is a check that fails.
NodeReport run_node_round(System& system, const OwnRecordFile& file, const RoundOptions& options);

// Lets an agent set the node up again after `uninstall` made it stop. True if that was so.
Result<bool> resume_after_uninstall(System& system, const OwnRecordFile& file);

// For a person: one line for each step and check.
std::string report_text(const NodeReport& report, bool dry_run);

}  // namespace smc::node
