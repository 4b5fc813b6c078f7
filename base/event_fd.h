// A flag that wakes poll(): one thread raises it, another waits for its descriptor to become
// readable and takes it down again. Every function is safe on any thread.
#pragma once

#include "base/fd.h"

namespace smc {

class EventFd {
 public:
  EventFd();  // throws std::system_error where the process has no descriptor left

  void raise() noexcept;
  // Whether it was raised; afterwards it is not.
  bool take() noexcept;
  bool raised() const noexcept;

  // Readable while it is raised.
  int fd() const { return fd_.get(); }

 private:
  Fd fd_;
};

}  // namespace smc
