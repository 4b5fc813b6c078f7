// When one kind of request to the API server is due again: after a success when its sender says so,
// after a failure with growing pauses. One thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <utility>

#include "kube/backoff.h"
#include "node-init/kernel/system.h"

namespace smc::node {

class RequestPace {
 public:
  RequestPace(kube::Backoff::Limits limits, kube::Random random)
      : backoff_(limits, std::move(random)) {}

  static constexpr Clock::time_point kNever = Clock::time_point::max();

  Clock::time_point due() const { return due_; }
  // The last request failed: until it is due again, nothing new hurries the next one.
  bool failing() const { return failing_; }

  void succeeded(Clock::time_point due) {
    failing_ = false;
    backoff_.reset();
    due_ = due;
  }
  // There is nothing to send before `due`; how the last request fared no longer matters for when.
  void wait_until(Clock::time_point due) {
    failing_ = false;
    due_ = due;
  }
  // `retry_after`: what the server asked for.
  void failed(Clock::time_point now, std::chrono::milliseconds retry_after) {
    failing_ = true;
    due_ = now + std::max(backoff_.next(), retry_after);
  }

 private:
  kube::Backoff backoff_;
  Clock::time_point due_ = kNever;
  bool failing_ = false;
};

}  // namespace smc::node
