// SIGTERM and SIGINT as a descriptor, and a bound on the time until the process is gone. Make it
// before any other thread: the signals are blocked in all that are made later.
#pragma once

#include <thread>

#include "base/event_fd.h"
#include "base/fd.h"

namespace smc::node {

class StopSignal {
 public:
  StopSignal();
  // The process stops in good order: from here on nothing is cut off.
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  // Readable once the process shall stop.
  int fd() const { return signals_.get(); }

 private:
  void watch() const;

  Fd signals_;
  EventFd over_;  // the destructor runs
  std::thread watchdog_;
};

}  // namespace smc::node
