// SIGTERM and SIGINT as a descriptor, and a bound on the time until the process is gone. Make it
// before any other thread: the signals are blocked in all that are made later.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/event_fd.h"

namespace smc::node {

class StopSignal {
 public:
  StopSignal();
  // The process stops in good order: from here on nobody is cut off.
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  // Readable once the process shall stop.
  int fd() const { return event_.fd(); }

 private:
  void wait_for_signal();

  EventFd event_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool over_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace smc::node
