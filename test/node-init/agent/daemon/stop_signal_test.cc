// What a stop signal becomes, and what becomes of a process that does not stop.
#include "node-init/agent/daemon/stop_signal.h"

#include <csignal>

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

namespace smc::node {
namespace {

bool is_readable(int fd) {
  pollfd waited{fd, POLLIN, 0};
  return ::poll(&waited, 1, 0) > 0;
}

// In a process of its own, whose other threads have the signals blocked.
void stop_by(int number) {
  StopSignal stop;
  if (is_readable(stop.fd())) ::_exit(1);
  ::kill(::getpid(), number);
  if (!is_readable(stop.fd())) ::_exit(2);
}

TEST(StopSignalDeathTest, IsReadableAndLeavesAProcessThatStopsAlone) {
  for (const int number : {SIGTERM, SIGINT}) {
    EXPECT_EXIT(
        {
          stop_by(number);
          ::_exit(7);
        },
        testing::ExitedWithCode(7), "^$");
  }
}

TEST(StopSignalDeathTest, EndsAProcessThatDoesNotStop) {
  EXPECT_EXIT(
      {
        const StopSignal stop;
        ::kill(::getpid(), SIGTERM);
        ::sleep(3600);
      },
      testing::ExitedWithCode(0), "stopped in the middle of a round");
}

}  // namespace
}  // namespace smc::node
