// Latencies in buckets: percentiles are right to one percent, nothing is lost at either end.
#include "bench/histogram.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace smc::bench {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

TEST(Histogram, WithoutALatencySaysZero) {
  const Histogram empty;
  EXPECT_EQ(empty.count(), 0u);
  EXPECT_EQ(empty.min_ms() + empty.max_ms() + empty.mean_ms() + empty.percentile_ms(99), 0);
  EXPECT_TRUE(empty.buckets().empty());
}

TEST(Histogram, OneLatencyIsEveryPercentile) {
  Histogram one;
  one.record(milliseconds(7));
  EXPECT_DOUBLE_EQ(one.percentile_ms(0), 7);
  EXPECT_DOUBLE_EQ(one.percentile_ms(50), 7);
  EXPECT_DOUBLE_EQ(one.percentile_ms(100), 7);
}

TEST(Histogram, PercentilesAreThoseOfTheSortedLatenciesToOnePercent) {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> latency(13, 1.5);  // around 0.4 ms, some of seconds
  Histogram counted;
  std::vector<double> all_ms;
  for (int i = 0; i < 20'000; ++i) {
    const nanoseconds taken(static_cast<long>(latency(random)));
    counted.record(taken);
    all_ms.push_back(static_cast<double>(taken.count()) / 1e6);
  }
  std::sort(all_ms.begin(), all_ms.end());
  for (const double percent : {1.0, 10.0, 50.0, 75.0, 90.0, 99.0, 99.9}) {
    const double exact = all_ms[static_cast<std::size_t>(20'000 * percent / 100) - 1];
    EXPECT_NEAR(counted.percentile_ms(percent) / exact, 1, 0.011) << percent;
  }
  EXPECT_DOUBLE_EQ(counted.min_ms(), all_ms.front());
  EXPECT_DOUBLE_EQ(counted.max_ms(), all_ms.back());
}

TEST(Histogram, WhatIsShorterOrLongerThanItsBucketsIsCountedToo) {
  Histogram counted;
  counted.record(nanoseconds(5));
  counted.record(std::chrono::minutes(10));
  EXPECT_EQ(counted.count(), 2u);
  ASSERT_EQ(counted.buckets().size(), 2u);
  EXPECT_DOUBLE_EQ(counted.buckets().front().from_ms, 5e-6);
  EXPECT_DOUBLE_EQ(counted.buckets().back().to_ms, 600'000);
}

TEST(Histogram, TwoThatAreAddedAreOneOfAllLatencies) {
  Histogram one;
  Histogram other;
  Histogram both;
  for (int i = 1; i <= 1000; ++i) {
    (i % 3 == 0 ? one : other).record(microseconds(i));
    both.record(microseconds(i));
  }
  one.add(other);
  EXPECT_EQ(one.count(), 1000u);
  EXPECT_DOUBLE_EQ(one.mean_ms(), both.mean_ms());
  EXPECT_DOUBLE_EQ(one.percentile_ms(99), both.percentile_ms(99));
}

TEST(Histogram, ACopyIsItsOwn) {
  Histogram one;
  one.record(milliseconds(1));
  Histogram copy = one;
  copy.record(milliseconds(2));
  EXPECT_EQ(one.count(), 1u);
  EXPECT_EQ(copy.count(), 2u);
}

}  // namespace
}  // namespace smc::bench
