#include "node-init/agent/fallback_totals.h"

#include <gtest/gtest.h>

namespace smc::node {
namespace {

constexpr std::uint32_t kNoDevice = 0x03030000;
constexpr std::uint32_t kPeerHasNone = 0x03010000;
constexpr FallbackKey kClientNoDevice{Side::kClient, kNoDevice};
constexpr FallbackKey kClientPeerHasNone{Side::kClient, kPeerHasNone};

// What the kernel would show of `counts` on the client side.
FallbackStats client(std::uint64_t total,
                     std::vector<std::pair<std::uint32_t, std::uint64_t>> counts) {
  FallbackStats stats;
  stats.client_total = total;
  for (const auto& [code, count] : counts)
    stats.reasons.push_back({Side::kClient, code, static_cast<std::uint16_t>(count)});
  return stats;
}

TEST(FallbackTotals, CountsWhatWasThereBeforeTheAgentCame) {
  FallbackTotals totals;
  totals.update(client(7, {{kNoDevice, 5}, {kPeerHasNone, 2}}));
  EXPECT_EQ(totals.counts(), (FallbackCounts{{kClientNoDevice, 5}, {kClientPeerHasNone, 2}}));
}

TEST(FallbackTotals, KeepsTheSidesApart) {
  FallbackTotals totals;
  FallbackStats stats;
  stats.client_total = 1;
  stats.server_total = 2;
  stats.reasons = {{Side::kClient, kNoDevice, 1}, {Side::kServer, kNoDevice, 2}};
  totals.update(stats);
  EXPECT_EQ(totals.counts(),
            (FallbackCounts{{kClientNoDevice, 1}, {{Side::kServer, kNoDevice}, 2}}));
}

TEST(FallbackTotals, GoesOnWhereTheCounterWraps) {
  FallbackTotals totals;
  totals.update(client(65'530, {{kNoDevice, 65'530}}));
  totals.update(client(65'546, {{kNoDevice, 65'546}}));
  EXPECT_EQ(totals.counts(), (FallbackCounts{{kClientNoDevice, 65'546}}));
}

TEST(FallbackTotals, FindsAWrapBeforeTheFirstUpdate) {
  FallbackTotals totals;
  totals.update(client(200'000, {{kNoDevice, 200'000}}));
  EXPECT_EQ(totals.counts(), (FallbackCounts{{kClientNoDevice, 200'000}}));
}

TEST(FallbackTotals, FindsSeveralWrapsBetweenTwoUpdates) {
  FallbackTotals totals;
  totals.update(client(10, {{kNoDevice, 10}}));
  totals.update(client(10 + 3 * 65'536, {{kNoDevice, 10 + 3 * 65'536}}));
  EXPECT_EQ(totals.counts(), (FallbackCounts{{kClientNoDevice, 10 + 3 * 65'536}}));
}

TEST(FallbackTotals, GivesAWrapToTheReasonThatGrewMost) {
  FallbackTotals totals;
  totals.update(client(12, {{kNoDevice, 10}, {kPeerHasNone, 2}}));
  totals.update(client(12 + 65'536 + 300, {{kNoDevice, 11}, {kPeerHasNone, 301}}));
  EXPECT_EQ(totals.counts(),
            (FallbackCounts{{kClientNoDevice, 11}, {kClientPeerHasNone, 65'536 + 301}}));
}

TEST(FallbackTotals, TheSumStaysExactOverAMillionMixedFallbacks) {
  FallbackTotals totals;
  std::uint64_t first = 0;
  std::uint64_t second = 0;
  for (int look = 0; look < 50; ++look) {
    first += 20'000;
    second += look % 7;
    totals.update(client(first + second, {{kNoDevice, first}, {kPeerHasNone, second}}));
  }
  EXPECT_EQ(totals.counts(),
            (FallbackCounts{{kClientNoDevice, first}, {kClientPeerHasNone, second}}));
}

TEST(FallbackTotals, AModuleLoadedAnewStartsFromZeroOnTopOfWhatWasCounted) {
  FallbackTotals totals;
  totals.update(client(70'000, {{kNoDevice, 70'000}}));
  totals.update(client(3, {{kNoDevice, 1}, {kPeerHasNone, 2}}));
  EXPECT_EQ(totals.counts(), (FallbackCounts{{kClientNoDevice, 70'001}, {kClientPeerHasNone, 2}}));
}

TEST(FallbackTotals, AReasonThatIsGoneIsAResetThoughTheTotalGrew) {
  FallbackTotals totals;
  totals.update(client(1, {{kNoDevice, 1}}));
  totals.update(client(5, {{kPeerHasNone, 5}}));
  EXPECT_EQ(totals.counts(), (FallbackCounts{{kClientNoDevice, 1}, {kClientPeerHasNone, 5}}));
}

TEST(FallbackTotals, AResetOfOneSideLeavesTheOtherAlone) {
  FallbackTotals totals;
  FallbackStats stats;
  stats.client_total = stats.server_total = 9;
  stats.reasons = {{Side::kClient, kNoDevice, 9}, {Side::kServer, kNoDevice, 9}};
  totals.update(stats);
  stats.client_total = 2;
  stats.reasons[0].count = 2;
  totals.update(stats);
  EXPECT_EQ(totals.counts(),
            (FallbackCounts{{kClientNoDevice, 11}, {{Side::kServer, kNoDevice}, 9}}));
}

TEST(FallbackTotals, ReasonsBeyondTheKernelsTableAreCountedTogether) {
  FallbackTotals totals;
  FallbackStats stats;
  for (std::uint32_t code = 1; code <= 36; ++code)
    stats.reasons.push_back({Side::kServer, code, 1});
  stats.server_total = 36 + 4;
  totals.update(stats);
  const auto counts = totals.counts();
  EXPECT_EQ(counts.size(), 37u);
  EXPECT_EQ(counts.at({Side::kServer, kOtherReasons}), 4u);
  totals.update(stats);
  EXPECT_EQ(totals.counts(), counts);
}

TEST(FallbackTotals, ReasonsAheadOfTheTotalAreNoWrap) {
  FallbackTotals totals;
  totals.update(client(10, {{kNoDevice, 12}}));
  totals.update(client(12, {{kNoDevice, 12}}));
  EXPECT_EQ(totals.counts(), (FallbackCounts{{kClientNoDevice, 12}}));
}

TEST(FallbackTotals, ASideWithoutReasonsCountsNothing) {
  FallbackTotals totals;
  totals.update({});
  EXPECT_TRUE(totals.counts().empty());
}

}  // namespace
}  // namespace smc::node
