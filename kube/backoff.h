// How long to wait before the next attempt: doubling, bounded, and spread by chance so that
// replicas that lost the same API server do not come back at the same moment. Not for sharing
// between threads.
#pragma once

#include <chrono>
#include <functional>

namespace smc::kube {

// A number in [0, 1).
using Random = std::function<double()>;

Random system_random();

class Backoff {
 public:
  struct Limits {
    std::chrono::milliseconds first{200};
    // A refused connection every 5 to 10 s costs nothing, and an API server that is back is found
    // soon.
    std::chrono::milliseconds longest{10'000};
  };

  Backoff(Limits limits, Random random) : limits_(limits), random_(std::move(random)) {}

  // Between half of the current step and the whole of it; the step then doubles up to `longest`.
  std::chrono::milliseconds next();

  // After success: the next failure starts with `first` again.
  void reset() { failures_ = 0; }

 private:
  Limits limits_;
  Random random_;
  unsigned failures_ = 0;
};

}  // namespace smc::kube
