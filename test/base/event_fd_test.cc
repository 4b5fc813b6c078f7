#include "base/event_fd.h"

#include <gtest/gtest.h>
#include <poll.h>

namespace smc {
namespace {

bool readable(const EventFd& event) {
  pollfd waited{event.fd(), POLLIN, 0};
  return ::poll(&waited, 1, 0) == 1;
}

TEST(EventFd, IsReadableFromRaiseToTake) {
  EventFd event;
  EXPECT_FALSE(readable(event));
  EXPECT_FALSE(event.raised());
  EXPECT_FALSE(event.take());
  event.raise();
  event.raise();
  EXPECT_TRUE(readable(event));
  EXPECT_TRUE(event.raised());
  EXPECT_TRUE(event.take()) << "both at once";
  EXPECT_FALSE(readable(event));
}

}  // namespace
}  // namespace smc
