// A request to stop that wakes every wait of its holder at once: sleeps, connects and reads of this
// library all watch it. One owner requests, any number of threads wait; every function is safe on
// any thread. There is no way back: make a new one to start again.
#pragma once

#include <chrono>

#include "base/event_fd.h"

namespace smc::kube {

using SteadyTime = std::chrono::steady_clock::time_point;

class Stop {
 public:
  void request() noexcept { event_.raise(); }
  bool requested() const noexcept { return event_.raised(); }

  // False as soon as stopping is requested, true after the whole time.
  bool sleep(std::chrono::milliseconds duration) const;

  // Readable from the request on; for poll().
  int fd() const { return event_.fd(); }

 private:
  EventFd event_;
};

enum class Readiness { kReady, kTimeout, kStopped };

// Waits until poll() reports `events` (or an error) on `fd`; `fd` -1 waits for the time alone. A
// stop wins over readiness.
Readiness wait_for(int fd, short events, const Stop& stop, SteadyTime deadline);

}  // namespace smc::kube
