#include "kube/stop.h"

#include <chrono>
#include <thread>

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace smc::kube {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

TEST(Stop, WakesASleepFromAnotherThread) {
  Stop stop;
  const auto began = steady_clock::now();
  std::thread other([&] { stop.request(); });
  EXPECT_FALSE(stop.sleep(std::chrono::hours(1)));
  other.join();
  EXPECT_LT(steady_clock::now() - began, std::chrono::seconds(30));
  EXPECT_TRUE(stop.requested());
}

TEST(Stop, StaysRequestedHoweverOftenItIs) {
  Stop stop;
  EXPECT_FALSE(stop.requested());
  stop.request();
  stop.request();
  EXPECT_TRUE(stop.requested());
  EXPECT_FALSE(stop.sleep(milliseconds(0)));
  EXPECT_TRUE(stop.requested());
}

TEST(Stop, ASleepLastsItsTime) {
  const Stop stop;
  const auto began = steady_clock::now();
  EXPECT_TRUE(stop.sleep(milliseconds(20)));
  EXPECT_GE(steady_clock::now() - began, milliseconds(20));
}

TEST(WaitFor, TellsReadinessTimeAndStopApart) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  const Fd here(ends[0]);
  const Fd there(ends[1]);
  Stop stop;
  const auto soon = [] { return steady_clock::now() + milliseconds(20); };
  EXPECT_EQ(wait_for(here.get(), POLLIN, stop, soon()), Readiness::kTimeout);
  ASSERT_EQ(::write(there.get(), "x", 1), 1);
  EXPECT_EQ(wait_for(here.get(), POLLIN, stop, soon()), Readiness::kReady);
  stop.request();
  EXPECT_EQ(wait_for(here.get(), POLLIN, stop, soon()), Readiness::kStopped) << "a stop wins";
}

}  // namespace
}  // namespace smc::kube
