#include "node-init/agent/round_pacer.h"

#include <gtest/gtest.h>

namespace smc::node {
namespace {

using namespace std::chrono_literals;

constexpr Clock::time_point kStart{1'000s};

class RoundPacerTest : public testing::Test {
 protected:
  RoundPacer pacer_{10s, kStart};
};

TEST_F(RoundPacerTest, TheFirstRoundIsDueAtOnce) {
  EXPECT_EQ(pacer_.next(), kStart);
}

TEST_F(RoundPacerTest, TheNextOneComesAfterThePeriod) {
  pacer_.round_ended(kStart + 1s, true);
  EXPECT_EQ(pacer_.next(), kStart + 11s);
}

TEST_F(RoundPacerTest, WorkThatDoesNotLastIsRepeatedLessAndLessOften) {
  for (const auto pause : {10s, 20s, 40s, 80s, 160s, 160s}) {
    pacer_.round_ended(kStart, false);
    EXPECT_EQ(pacer_.next(), kStart + pause);
  }
  pacer_.round_ended(kStart, true);
  EXPECT_EQ(pacer_.next(), kStart + 10s);
}

TEST_F(RoundPacerTest, AnEventBringsTheNextRoundNear) {
  pacer_.round_ended(kStart, true);
  pacer_.event(kStart + 5s);
  EXPECT_EQ(pacer_.next(), kStart + 5s + RoundPacer::kSettle);
}

TEST_F(RoundPacerTest, AStormOfEventsMakesOneRoundASecond) {
  pacer_.round_ended(kStart, true);
  for (auto since = 0ms; since < 900ms; since += 1ms) pacer_.event(kStart + since);
  EXPECT_EQ(pacer_.next(), kStart + RoundPacer::kLeastGap);
}

TEST_F(RoundPacerTest, MoreEventsDoNotPutARoundOff) {
  pacer_.round_ended(kStart, true);
  pacer_.event(kStart + 5s);
  pacer_.event(kStart + 5s + 150ms);
  EXPECT_EQ(pacer_.next(), kStart + 5s + RoundPacer::kSettle);
}

TEST_F(RoundPacerTest, AnEventShortlyBeforeTheEndOfThePeriodChangesNothing) {
  pacer_.round_ended(kStart, true);
  pacer_.event(kStart + 9'900ms);
  EXPECT_EQ(pacer_.next(), kStart + 10s);
}

}  // namespace
}  // namespace smc::node
