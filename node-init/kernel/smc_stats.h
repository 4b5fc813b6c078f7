// What the kernel counted of SMC in the calling thread's network namespace: connections that became
// SMC, and those that fell back, by side and reason. Safe on any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "node-init/kernel/system.h"

namespace smc::node {

enum class Side { kClient, kServer };

// The kernel counts a reason in 16 bits, so it wraps; it holds 36 reasons a side, and connections
// that fell back for yet another one are in the totals alone.
struct FallbackReason {
  Side side = Side::kClient;
  std::uint32_t code = 0;
  std::uint16_t count = 0;

  bool operator==(const FallbackReason&) const = default;
};

struct FallbackStats {
  std::uint64_t client_total = 0;
  std::uint64_t server_total = 0;
  std::vector<FallbackReason> reasons;
};

struct TrafficStats {
  std::uint64_t client_v1 = 0;  // handshakes of SMC-R that succeeded
  std::uint64_t client_v2 = 0;
  std::uint64_t server_v1 = 0;
  std::uint64_t server_v2 = 0;
  std::uint64_t received_bytes = 0;
  std::uint64_t sent_bytes = 0;
  std::uint64_t client_handshake_errors = 0;
  std::uint64_t server_handshake_errors = 0;
};

Result<FallbackStats> fallback_stats(System& system);
Result<TrafficStats> traffic_stats(System& system);

}  // namespace smc::node
