// When the agent looks at its node again: after a period, soon after an event, and less and less
// often where its work does not last. Pure; one thread.
#pragma once

#include <algorithm>
#include <chrono>

#include "node-init/kernel/system.h"

namespace smc::node {

class RoundPacer {
 public:
  // The first round is due at `now`.
  RoundPacer(Clock::duration period, Clock::time_point now) : period_(period), next_(now) {}

  // `settled`: nothing was refused and nothing had to be repaired. A kernel that refuses, or a
  // program that keeps undoing our work, is met after 1, 2, 4, … 16 periods.
  void round_ended(Clock::time_point now, bool settled) {
    unsettled_ = settled ? 0 : unsettled_ + 1;
    const int doublings = std::clamp(unsettled_ - 1, 0, kMaxDoublings);
    last_ = now;
    next_ = now + period_ * (1 << doublings);
  }

  void event(Clock::time_point now) {
    next_ = std::min(next_, std::max(now + kSettle, last_ + kLeastGap));
  }

  Clock::time_point next() const { return next_; }

  // After an event, for the others of the same change.
  static constexpr std::chrono::milliseconds kSettle{200};
  // Whatever happens on the node, no more than one round a second.
  static constexpr std::chrono::milliseconds kLeastGap{1'000};
  static constexpr int kMaxDoublings = 4;

 private:
  Clock::duration period_;
  Clock::time_point next_;
  Clock::time_point last_{};
  int unsettled_ = 0;  // rounds in a row
};

}  // namespace smc::node
