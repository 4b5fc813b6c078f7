#include "kube/backoff.h"

#include <gtest/gtest.h>

namespace smc::kube {
namespace {

using std::chrono::milliseconds;

Backoff fixed(double random) {
  return Backoff({milliseconds(200), milliseconds(10'000)}, [random] { return random; });
}

TEST(Backoff, DoublesUpToItsLongest) {
  Backoff backoff = fixed(1.0);
  std::vector<long> waited;
  for (int i = 0; i < 8; ++i) waited.push_back(backoff.next().count());
  EXPECT_EQ(waited, (std::vector<long>{200, 400, 800, 1600, 3200, 6400, 10'000, 10'000}));
}

TEST(Backoff, ChanceTakesAtMostHalfOfAStep) {
  Backoff backoff = fixed(0.0);
  EXPECT_EQ(backoff.next(), milliseconds(100));
  EXPECT_EQ(backoff.next(), milliseconds(200));
  for (int i = 0; i < 1000; ++i) backoff.next();
  EXPECT_EQ(backoff.next(), milliseconds(5000)) << "no overflow after very many failures";
}

TEST(Backoff, StartsAgainAfterSuccess) {
  Backoff backoff = fixed(1.0);
  backoff.next();
  backoff.next();
  backoff.reset();
  EXPECT_EQ(backoff.next(), milliseconds(200));
}

TEST(Backoff, IsNeverZeroSoThatNoLoopCanSpin) {
  Backoff backoff({milliseconds(1), milliseconds(1)}, [] { return 0.0; });
  EXPECT_EQ(backoff.next(), milliseconds(1));
}

TEST(Backoff, TheSystemsChanceIsBetweenZeroAndOneAndNotAlwaysTheSame) {
  const Random random = system_random();
  double least = 1.0;
  double most = 0.0;
  for (int i = 0; i < 1000; ++i) {
    const double value = random();
    least = std::min(least, value);
    most = std::max(most, value);
  }
  EXPECT_GE(least, 0.0);
  EXPECT_LT(most, 1.0);
  EXPECT_GT(most - least, 0.5);
}

}  // namespace
}  // namespace smc::kube
