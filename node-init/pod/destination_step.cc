#include "node-init/pod/destination_step.h"

#include <algorithm>
#include <chrono>

namespace smc::node {
namespace {

DestinationStep failure(ExitCode code, const Error& error) {
  return {code, StepOutcome::kFailed, error.text(), error.hint};
}

// Until the node's agent has put the list in force; a dry run says that it has not.
DestinationStep await_agent(System& system, const PodOptions& options, const std::string& what) {
  using std::chrono::milliseconds;
  const auto begin = system.now();
  while (true) {
    const auto control = read_destination_control(system);
    if (!control) return failure(ExitCode::kRefused, control.error());
    if (control->state == ControlState::kOurs)
      return {ExitCode::kDone, StepOutcome::kOk, what + " excluded by the node's agent"};
    if (options.dry_run)
      return {ExitCode::kDone, StepOutcome::kPlanned,
              "exclude " + what + ", which is the node's agent's to do"};
    const auto waited = std::chrono::duration_cast<milliseconds>(system.now() - begin);
    if (waited >= options.agent_wait)
      return failure(ExitCode::kNotPossible,
                     {"the node's agent has not excluded " + what +
                          " in time, and without that nothing is switched on here",
                      0, agent_hint(options.node)});
    system.sleep_for(std::min(pause_after(waited), options.agent_wait - waited));
  }
}

}  // namespace

DestinationStep exclude_destinations(System& system, const PodOptions& options) {
  const Destinations& list = options.exclude_destinations;
  const std::string what =
      std::to_string(list.size()) + (list.size() == 1 ? " destination" : " destinations");
  const auto control = read_destination_control(system);
  if (!control) return failure(ExitCode::kRefused, control.error());
  if (control->state == ControlState::kMissing)
    return {ExitCode::kDone, StepOutcome::kWarning, what + " not excluded: " + kNoControl,
            kNoControlHint};
  if (control->state == ControlState::kForeign)
    return {ExitCode::kDone, StepOutcome::kWarning,
            what + " not excluded: net.smc.hs_ctrl is " + control->name +
                ", another program's, which is kept",
            "let that program exclude them, or take it off this namespace"};
  if (options.lists == nullptr || options.dry_run) return await_agent(system, options, what);
  if (const auto put = options.lists->put(list); !put)
    return failure(ExitCode::kRefused, put.error());
  return {ExitCode::kDone, StepOutcome::kChanged,
          what + " excluded: connections to them stay plain TCP"};
}

}  // namespace smc::node
