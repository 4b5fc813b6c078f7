#include "node-init/agent/cluster/label_decision.h"

namespace smc::node {

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
    desired_ = {{*on, *on ? "ready" : "not ready: " + reasons_}, reasons_};
  }
}

std::optional<DesiredNode> LabelDecision::desired() const {
  const std::lock_guard lock(mutex_);
  return desired_;
}

}  // namespace smc::node
