#include "webhook/daemon/memory_plan.h"

#include <algorithm>
#include <limits>

#include "webhook/https/listener.h"
#include "webhook/review/document.h"

namespace smc::webhook {
namespace {

// Resident without any connection (make bench), with room for a growing log buffer and metrics.
constexpr std::uint64_t kProgramBytes = 16 << 20;

// One idle TLS connection (make bench): OpenSSL's objects and our own.
constexpr std::uint64_t kConnectionBytes = 13 << 10;

// Below this there is no use in serving: two of the largest bodies, and the connections of three
// API servers.
constexpr std::uint64_t kLeastBytesInFlight = 16 << 20;
constexpr std::uint64_t kLeastConnections = 600;

}  // namespace

MemoryPlan plan_memory(std::optional<std::uint64_t> limit) {
  if (!limit) return {Listener::kMaxBytesInFlight, std::numeric_limits<std::size_t>::max(), false};
  constexpr std::uint64_t kFixed = kProgramBytes + kMaxParserBytes;
  const std::uint64_t third = (*limit - std::min(*limit, kFixed)) / 3;
  MemoryPlan plan;
  plan.bytes_in_flight =
      std::clamp<std::uint64_t>(third, kLeastBytesInFlight, Listener::kMaxBytesInFlight);
  plan.connections = std::max(third / kConnectionBytes, kLeastConnections);
  plan.tight = third < kLeastBytesInFlight;
  return plan;
}

}  // namespace smc::webhook
