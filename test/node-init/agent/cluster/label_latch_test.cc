// When a node gets its label and when it loses it.
#include "node-init/agent/cluster/label_latch.h"

#include <gtest/gtest.h>

namespace smc::node {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class Latch : public testing::Test {
 protected:
  // Rounds of one verdict, ten seconds apart, for that long; the first is at once.
  void rounds(bool ready, seconds duration) {
    for (seconds passed{0}; passed <= duration; passed += seconds(10)) {
      latch_.round(ready, now_ + passed);
      if (latch_.on() != before_) ++changes_;
      before_ = latch_.on();
    }
    now_ += duration + seconds(10);
  }

  LabelLatch latch_{LabelLatch::Limits{}};
  Clock::time_point now_{std::chrono::hours(1)};
  std::optional<bool> before_;
  int changes_ = 0;
};

TEST_F(Latch, DecidesNothingByTheFirstRound) {
  latch_.round(true, now_);
  EXPECT_EQ(latch_.on(), std::nullopt) << "what an agent before this one decided holds";
}

TEST_F(Latch, IsOnAfterTenSecondsOfReadyRounds) {
  rounds(true, seconds(10));
  EXPECT_EQ(latch_.on(), true);
}

TEST_F(Latch, IsOffAfterThirtySecondsThatAreNotReady) {
  rounds(true, seconds(10));
  rounds(false, seconds(20));
  EXPECT_EQ(latch_.on(), true);
  latch_.round(false, now_);
  EXPECT_EQ(latch_.on(), false);
}

TEST_F(Latch, AnAgentThatStartsOnABadNodeWaitsAsLong) {
  rounds(false, seconds(20));
  EXPECT_EQ(latch_.on(), std::nullopt);
  latch_.round(false, now_);
  EXPECT_EQ(latch_.on(), false);
}

TEST_F(Latch, ALinkThatBouncesChangesNothing) {
  rounds(true, seconds(10));
  changes_ = 0;
  for (int bounce = 0; bounce < 100; ++bounce) {
    rounds(false, seconds(20));
    rounds(true, seconds(20));
  }
  EXPECT_EQ(changes_, 0);
  EXPECT_EQ(latch_.on(), true);
}

TEST_F(Latch, EachFallDoublesTheWaitUpToFiveMinutes) {
  rounds(true, seconds(10));
  for (const int expected : {20, 40, 80, 160, 300, 300}) {
    rounds(false, seconds(30));
    ASSERT_EQ(latch_.on(), false);
    rounds(true, seconds(expected - 10));
    EXPECT_EQ(latch_.on(), false) << expected;
    latch_.round(true, now_);
    EXPECT_EQ(latch_.on(), true) << expected;
    now_ += seconds(10);
  }
}

TEST_F(Latch, ANodeThatFlapsForADayChangesItsLabelSeldom) {
  for (int minute = 0; minute < 24 * 60; ++minute) {
    rounds(minute % 2 == 0, seconds(50));
  }
  EXPECT_LT(changes_, 15) << "a minute of each is never long enough after some falls";
}

TEST_F(Latch, TenMinutesWithTheLabelForgiveEarlierFalls) {
  rounds(true, seconds(10));
  rounds(false, seconds(30));
  rounds(true, seconds(20) + minutes(10));
  rounds(false, seconds(30));
  rounds(true, seconds(0));
  rounds(true, seconds(0));
  EXPECT_EQ(latch_.on(), false) << "that was the first fall again: 20 s";
  rounds(true, seconds(0));
  EXPECT_EQ(latch_.on(), true);
}

TEST_F(Latch, WithdrawnIsOffAtOnce) {
  rounds(true, seconds(10));
  latch_.withdraw();
  EXPECT_EQ(latch_.on(), false);
}

}  // namespace
}  // namespace smc::node
