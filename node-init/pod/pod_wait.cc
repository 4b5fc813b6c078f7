#include "node-init/pod/pod_wait.h"

#include <algorithm>

namespace smc::node {
namespace {

using std::chrono::milliseconds;

std::string missing(const PodReport& report) {
  std::string text;
  for (const PodStep& step : report.steps)
    if (step.outcome == StepOutcome::kPlanned || step.outcome == StepOutcome::kFailed)
      text += (text.empty() ? "" : "; ") + std::string(step.name) + ": " + step.text;
  return text;
}

// Nothing that an agent does changes it.
bool is_final(const PodReport& report) {
  return report.code != ExitCode::kDone && report.steps.back().name == kNamespaceStep;
}

PodStep verdict(const PodReport& report) {
  PodStep step{6, "self-test", StepOutcome::kOk, {}, {}};
  if (report.verified_by_agent) {
    step.text = "made by the node's agent, which then switched this namespace on";
  } else {
    step.outcome = StepOutcome::kSkipped;
    step.text = "the agent's own, whose verdict nothing here shows";
  }
  return step;
}

PodStep given_up(const PodReport& report, const WaitOptions& waiting) {
  const auto seconds = std::chrono::duration<double>(waiting.wait).count();
  std::string text = "the node's agent has not set this network namespace up within " +
                     std::to_string(static_cast<long>(seconds)) + " s; missing: " + missing(report);
  return {6, "agent", StepOutcome::kFailed, std::move(text), agent_hint(waiting.node)};
}

}  // namespace

PodReport judge_pod(System& system, const PodOptions& options) {
  PodOptions look = options;
  look.dry_run = true;
  look.test_first = false;
  look.self_test = SelfTestMode::kOff;
  PodReport report = set_up_pod(system, look, [](const PodStep&) {});
  // The self-test is none of what a namespace shows.
  std::erase_if(report.steps, [](const PodStep& step) { return step.name == kSelfTestStep; });
  return report;
}

bool is_set_up(const PodReport& report) {
  return report.code == ExitCode::kDone &&
         std::ranges::find(report.steps, StepOutcome::kPlanned, &PodStep::outcome) ==
             report.steps.end();
}

PodReport wait_for_agent(System& system, const PodOptions& options, const WaitOptions& waiting,
                         const std::function<void(const PodStep&)>& on_step) {
  const auto begin = system.now();
  PodReport report;
  milliseconds waited{0};
  while (true) {
    report = judge_pod(system, options);
    waited = std::chrono::duration_cast<milliseconds>(system.now() - begin);
    if (is_set_up(report) || is_final(report) || waited >= waiting.wait) break;
    system.sleep_for(std::min(pause_after(waited), waiting.wait - waited));
  }
  report.waited = waited;
  if (is_set_up(report)) {
    report.verified_by_agent = options.programs == Programs::kSwitch;
    report.steps.push_back(verdict(report));
  } else if (!is_final(report)) {
    report.code = ExitCode::kNotPossible;
    report.steps.push_back(given_up(report, waiting));
  }
  for (const PodStep& step : report.steps) on_step(step);
  return report;
}

}  // namespace smc::node
