// What `smc-node-init pod` tells its reader: lines for the container's log and a summary for the
// termination message, which kubectl shows. Pure functions, safe on any thread.
#pragma once

#include <string>

#include "base/pod_arguments.h"
#include "node-init/pod/pod.h"

namespace smc::node {

// The kubelet keeps 4,096 bytes of a termination message (k8s.io/api, TerminationMessagePath).
inline constexpr std::size_t kMaxSummaryBytes = 4000;

// "4 pnet entry  changed   eth0 = PNA, read back" and, where there is one, the hint on a line
// below.
std::string step_line(const PodStep& step);

// The process's exit code: with kFallback what failed counts as done.
ExitCode final_code(const PodReport& report, OnFailure on_failure);

// One JSON object of at most kMaxSummaryBytes, whatever the report holds.
std::string summary_json(const PodReport& report, OnFailure on_failure, bool dry_run);

}  // namespace smc::node
