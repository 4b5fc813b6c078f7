// Whether the node shall have its label, decided from the verdicts of many rounds, so that a device
// that comes and goes does not make every watcher of Nodes run. Pure; one thread.
#pragma once

#include <chrono>
#include <optional>

#include "node-init/kernel/system.h"

namespace smc::node {

class LabelLatch {
 public:
  struct Limits {
    // Two rounds of the default period: one alone may fall into a gap of what flaps.
    Clock::duration on_after = std::chrono::seconds(10);
    // Three rounds. A driver that is loaded anew, or a link that bounces, is back by then, and the
    // agent has had time to repair. A label that stays on too long costs a pod that starts on TCP;
    // one that goes too early leaves pods Pending that could run.
    Clock::duration off_after = std::chrono::seconds(30);
    // Each time the label had to go, the next wait is twice as long, up to this: the numbers with
    // which a kubelet meets a container that keeps crashing.
    Clock::duration longest_on_after = std::chrono::minutes(5);
    // A label that stayed for this long forgets the times before.
    Clock::duration forget_after = std::chrono::minutes(10);
  };

  explicit LabelLatch(Limits limits) : limits_(limits) {}

  void round(bool ready, Clock::time_point now);
  // The agent shall no longer answer for the node: off at once.
  void withdraw() { on_ = false; }

  // Nothing until the first decision: whatever the node has, another agent left it for a reason.
  std::optional<bool> on() const { return on_; }

 private:
  Clock::duration on_after() const;

  Limits limits_;
  std::optional<bool> on_;
  std::optional<bool> verdict_;  // of the last round
  Clock::time_point since_;      // that verdict has been the same
  Clock::time_point turned_on_;
  int falls_ = 0;
};

}  // namespace smc::node
