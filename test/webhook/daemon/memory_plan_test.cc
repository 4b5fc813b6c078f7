// How a memory limit is shared out.
#include "webhook/daemon/memory_plan.h"

#include <gtest/gtest.h>

#include "webhook/https/listener.h"
#include "webhook/review/document.h"

namespace smc::webhook {
namespace {

constexpr std::uint64_t kMebibyte = 1 << 20;

TEST(MemoryPlan, WithoutALimitIsWhatTheListenerTakes) {
  const MemoryPlan plan = plan_memory(std::nullopt);
  EXPECT_EQ(plan.bytes_in_flight, Listener::kMaxBytesInFlight);
  EXPECT_GT(plan.connections, 1'000'000u);
  EXPECT_FALSE(plan.tight);
}

TEST(MemoryPlan, OfTheChartsLimitHasRoomForTheDefaultConnections) {
  const MemoryPlan plan = plan_memory(256 * kMebibyte);
  EXPECT_GE(plan.connections, Config::Server().max_connections);
  EXPECT_GE(plan.bytes_in_flight, 48 * kMebibyte);
  EXPECT_LE(plan.bytes_in_flight + kMaxParserBytes + plan.connections * (13 << 10),
            240 * kMebibyte);
}

TEST(MemoryPlan, GrowsWithTheLimitUpToWhatTheListenerTakes) {
  EXPECT_LT(plan_memory(160 * kMebibyte).bytes_in_flight,
            plan_memory(256 * kMebibyte).bytes_in_flight);
  EXPECT_EQ(plan_memory(4096 * kMebibyte).bytes_in_flight, Listener::kMaxBytesInFlight);
}

TEST(MemoryPlan, OfTooLittleServesAFewAndSaysSo) {
  for (const std::uint64_t limit : {std::uint64_t{0}, 1 * kMebibyte, 64 * kMebibyte}) {
    const MemoryPlan plan = plan_memory(limit);
    EXPECT_TRUE(plan.tight) << limit;
    EXPECT_GE(plan.connections, 600u);
    EXPECT_GE(plan.bytes_in_flight, 2 * Config::Server().max_body_bytes);
  }
  EXPECT_FALSE(plan_memory(256 * kMebibyte).tight);
}

}  // namespace
}  // namespace smc::webhook
