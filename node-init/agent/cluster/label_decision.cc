#include "node-init/agent/cluster/label_decision.h"

#include <algorithm>

namespace smc::node {
namespace {

// With what makes SMC sockets of programs' own.
std::string ready_words(const NodeReport& report) {
  const auto programs = std::ranges::find(report.checks, "programs", &CheckResult::name);
  return programs == report.checks.end() ? "ready" : "ready; programs: " + programs->finding;
}

}  // namespace

void LabelDecision::add_round(const NodeReport& report, Clock::time_point now) {
  if (report.checks.empty()) return;
  const std::lock_guard lock(mutex_);
  const bool ready = report.ready();
  latch_.round(ready, now);
  if (!ready) reasons_ = failed_checks(report.checks);
  if (report.uninstalled) {
    latch_.withdraw();
    desired_ = DesiredNode{};
  } else if (const auto on = latch_.on()) {
    desired_ = {{*on, *on ? ready_words(report) : "not ready: " + reasons_}, reasons_};
  }
}

std::optional<DesiredNode> LabelDecision::desired() const {
  const std::lock_guard lock(mutex_);
  return desired_;
}

}  // namespace smc::node
