// The commands of smc-node-init behind their command line: run, print, return the exit code. For
// the main thread.
#pragma once

#include <functional>
#include <string>

#include "base/exit_code.h"
#include "node-init/diagnosis/checks.h"
#include "node-init/diagnosis/syn_check.h"
#include "node-init/kernel/system.h"
#include "node-init/pod/pod.h"
#include "node-init/pod/pod_report.h"
#include "node-init/pod/pod_wait.h"

namespace smc::node {

struct PodCommand {
  PodOptions options;
  bool by_agent = false;  // wait for the agent's work instead of doing it
  WaitOptions waiting;
  OnFailure on_failure = OnFailure::kFail;
  std::string termination_log = "/dev/termination-log";
};

ExitCode run_pod(System& system, const PodCommand& command);
ExitCode run_check(System& system, const CheckOptions& options, bool json);
ExitCode run_status(System& system, bool json);

struct SynCheckCommand {
  std::string target;     // this and `magic` as they were typed
  std::string magic;      // empty: SMC's
  std::string pod_netns;  // whose resolver is asked, as for run_in; empty: this machine's
  bool json = false;
};
ExitCode run_syn_check(const SynCheckCommand& command);

// Runs a command in another network namespace, see pod_netns.h; empty: in this one.
ExitCode run_in(System& system, const std::string& pod_netns,
                const std::function<ExitCode()>& command);

}  // namespace smc::node
