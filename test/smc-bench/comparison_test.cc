// Two runs side by side: medians, the verdict and its noise, and what makes them hard to compare.
#include "bench/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench/drawing.h"
#include "test/smc-bench/sample.h"

namespace smc::bench {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<RunResult> rounds(std::initializer_list<double> rates) {
  std::vector<RunResult> out;
  for (const double rate : rates) out.push_back(sample_result(rate));
  return out;
}

TEST(Comparison, AGainBeyondTheNoiseIsFaster) {
  const Comparison compared = compare(rounds({100, 101, 99}), rounds({120, 121, 119}));
  EXPECT_EQ(compared.verdict, Verdict::kFaster);
  EXPECT_DOUBLE_EQ(compared.rows.front().change_percent(), 20);
  EXPECT_EQ(verdict_text(compared),
            "faster by 20.0 %: 120 instead of 100 requests/s (noise 2.00 %)");
}

TEST(Comparison, ALossBeyondTheNoiseIsSlower) {
  EXPECT_EQ(compare(rounds({120}), rounds({100})).verdict, Verdict::kSlower);
}

TEST(Comparison, WhatTheRoundsDifferByThemselvesIsNoGain) {
  const Comparison compared = compare(rounds({100, 130, 70}), rounds({110, 140, 80}));
  EXPECT_EQ(compared.verdict, Verdict::kWithinNoise);
  EXPECT_GT(compared.noise_percent, 50);
  EXPECT_THAT(verdict_text(compared), HasSubstr("within noise"));
}

TEST(Comparison, TheSecondsOfASingleRoundAreItsNoise) {
  auto before = rounds({1000});
  before.front().course = {{0, 500, 0, 0}, {1, 1500, 0, 0}, {2, 500, 0, 0}, {3, 1500, 0, 0}};
  EXPECT_EQ(compare(before, rounds({1200})).verdict, Verdict::kWithinNoise);
  before.front().course = {{0, 1000, 0, 0}, {1, 1001, 0, 0}, {2, 999, 0, 0}};
  EXPECT_EQ(compare(before, rounds({1200})).verdict, Verdict::kFaster);
}

TEST(Comparison, WhereBothHeldTheRateTheLatencyDecides) {
  RunResult before = sample_result(1000, 2);
  RunResult after = sample_result(1000, 1);
  before.asked_rate = after.asked_rate = 1000;
  const Comparison compared = compare({before}, {after});
  EXPECT_TRUE(compared.from_due);
  EXPECT_EQ(compared.verdict, Verdict::kFaster);
  EXPECT_THAT(verdict_text(compared), HasSubstr("faster by 50.0 %"));
}

TEST(Comparison, WhereOneFellBehindLatenciesCountFromTheSending) {
  RunResult before = sample_result(1000);
  before.asked_rate = 1000;
  before.latency.mean_ms = 5000;
  EXPECT_FALSE(compare({before}, {sample_result(900)}).from_due);
}

TEST(Comparison, RowsAreMediansOfTheRounds) {
  const Comparison compared = compare(rounds({100, 300, 110}), rounds({5, 6}));
  EXPECT_DOUBLE_EQ(compared.rows.front().before, 110);
  EXPECT_DOUBLE_EQ(compared.rows.front().after, 5.5);
  EXPECT_DOUBLE_EQ(compared.shown_before().rate, 110);
  std::vector<std::string> names;
  for (const Row& row : compared.rows) names.push_back(row.name);
  EXPECT_THAT(
      names, ElementsAre("rate", "mean", "P50", "P75", "P90", "P99", "P99.9", "CPU of the client"));
}

TEST(Comparison, WhatMakesTheRunsHardToCompareIsSaid) {
  EXPECT_THAT(compare({sample_result()}, {sample_result()}).remarks, IsEmpty());
  RunResult other = sample_result();
  other.connections = 8;
  other.payload = 1024;
  other.errors["status 503"] = 7;
  EXPECT_THAT(compare({sample_result()}, {other}).remarks,
              ElementsAre("the runs differ in connections: 64.0 and 8.00",
                          "the runs differ in bytes of payload: 128 and 1024",
                          "7 requests failed in the runs after"));
  other = sample_result();
  other.program = "fortio";
  EXPECT_THAT(compare({sample_result()}, {other}).remarks,
              ElementsAre(HasSubstr("different programs: smc-bench and fortio")));
}

TEST(Comparison, RunsWithoutAnAnswerHaveNoChange) {
  RunResult none;
  none.seconds = 1;
  for (const double percent : kPercentiles) none.latency.percentiles[percent] = 0;
  none.service = none.latency;
  const Comparison compared = compare({none}, {none});
  EXPECT_EQ(compared.verdict, Verdict::kWithinNoise);
  for (const Row& row : compared.rows) EXPECT_EQ(row.change_percent(), 0) << row.name;
}

TEST(NumberText, HasThreeDigitsThatCountOrCommas) {
  EXPECT_EQ(number_text(0.0421), "0.042");
  EXPECT_EQ(number_text(0), "0");
  EXPECT_EQ(number_text(1.234), "1.23");
  EXPECT_EQ(number_text(12.34), "12.3");
  EXPECT_EQ(number_text(999.5), "1000");
  EXPECT_EQ(number_text(1'234'567), "1,234,567");
  EXPECT_EQ(number_text(-12'345), "-12,345");
  EXPECT_EQ(change_text(-0.44), "-0.4 %");
}

TEST(Bins, HoldAllLatenciesOfBothSides) {
  const Latency shorter = sample_result(1, 1).service;
  const Latency longer = sample_result(1, 50).service;
  for (const std::size_t count : {1u, 16u, 120u}) {
    double before = 0;
    double after = 0;
    const auto all = bins(shorter, longer, count);
    EXPECT_EQ(all.size(), count);
    for (const Bin& bin : all) {
      before += bin.before;
      after += bin.after;
    }
    EXPECT_NEAR(before, 1, 1e-9);
    EXPECT_NEAR(after, 1, 1e-9);
  }
}

TEST(Bins, ABucketThatReachesOverSeveralIsSharedOut) {
  Latency one;
  one.buckets = {{1, 100, 10}};
  const auto all = bins(one, one, 4);
  for (const Bin& bin : all) EXPECT_NEAR(bin.before, 0.25, 0.01) << bin.from_ms;
}

TEST(Bins, OfNothingAreNone) {
  EXPECT_THAT(bins({}, {}, 10), IsEmpty());
}

TEST(Ticks, AreRoundNumbers) {
  EXPECT_THAT(log_ticks(0.3, 30), ElementsAre(0.5, 1, 2, 5, 10, 20));
  EXPECT_THAT(linear_ticks(1000), ElementsAre(0, 200, 400, 600, 800, 1000));
  EXPECT_THAT(linear_ticks(0), ElementsAre(0));
}

}  // namespace
}  // namespace smc::bench
