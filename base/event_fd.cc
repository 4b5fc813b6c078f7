#include "base/event_fd.h"

#include <cerrno>
#include <system_error>

#include <poll.h>
#include <sys/eventfd.h>

namespace smc {

EventFd::EventFd() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!fd_.valid()) throw std::system_error(errno, std::generic_category(), "eventfd");
}

void EventFd::raise() noexcept {
  // Can fail only where the counter is full, and then it is raised.
  ::eventfd_write(fd_.get(), 1);
}

bool EventFd::take() noexcept {
  eventfd_t count = 0;
  return ::eventfd_read(fd_.get(), &count) == 0;
}

bool EventFd::raised() const noexcept {
  pollfd waited{fd_.get(), POLLIN, 0};
  return ::poll(&waited, 1, 0) > 0;
}

}  // namespace smc
