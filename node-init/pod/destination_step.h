// The step of `smc-node-init pod` that sees to excluded destinations: whoever owns their lists puts
// the pod's in force, or it is waited for. For the calling thread's namespace; safe on any thread.
#pragma once

#include <string>

#include "base/exit_code.h"
#include "node-init/kernel/system.h"
#include "node-init/pod/pod.h"

namespace smc::node {

struct DestinationStep {
  ExitCode code = ExitCode::kDone;
  StepOutcome outcome = StepOutcome::kOk;
  std::string text;
  std::string hint = {};

  bool in_force() const { return outcome == StepOutcome::kOk || outcome == StepOutcome::kChanged; }
};

// A warning where the kernel cannot, or where another program has the say. Where it could be and is
// not, a failure: a destination that cannot bear the SMC option shall not get it.
DestinationStep exclude_destinations(System& system, const PodOptions& options);

}  // namespace smc::node
