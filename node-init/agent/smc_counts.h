// What SMC did in one network namespace, read from the kernel and summed over the lives of the
// kernel's counters and of the namespaces of one pod. Values; for one thread at a time.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/result.h"
#include "node-init/agent/fallback_totals.h"
#include "node-init/agent/peer_history.h"
#include "node-init/kernel/smc_sockets.h"
#include "node-init/kernel/smc_stats.h"
#include "node-init/kernel/system.h"

namespace smc::node {

// kLocal: the peer's address belongs to the same namespace, as between a program and its sidecar;
// SMC-R has nothing to gain there. kUnknown: the kernel hides the addresses (IPPROTO_SMC sockets).
enum class Hop { kLocal, kRemote, kUnknown };

// Of `own` addresses, textual as inet_ntop(3) writes them.
Hop hop_of(const SmcSocket& socket, const std::set<std::string>& own);

// kNoSmc: the connection fell back because the peer's SYN or SYN-ACK had no SMC option, and the
// peer has not spoken SMC with this node before (PeerHistory). kSmc: every other one.
enum class PeerKind { kSmc, kNoSmc };

struct SocketKind {
  SocketMode mode = SocketMode::kUnknown;
  Hop hop = Hop::kUnknown;
  PeerKind peer = PeerKind::kSmc;

  auto operator<=>(const SocketKind&) const = default;
};
using SocketCounts = std::map<SocketKind, std::uint64_t>;

struct HandshakeKind {
  Side side = Side::kClient;
  int version = 1;  // of SMC-R

  auto operator<=>(const HandshakeKind&) const = default;
};
using HandshakeCounts = std::map<HandshakeKind, std::uint64_t>;

// Payload bytes that went by SMC-R.
enum class Direction { kSent, kReceived };
using ByteCounts = std::map<Direction, std::uint64_t>;

// One look at a namespace. What could not be read is missing, and `problem` says why.
struct NamespaceReading {
  std::optional<TrafficStats> traffic;
  std::optional<FallbackStats> fallbacks;
  std::optional<SocketCounts> sockets;  // connections that are up: neither listening nor closing
  std::optional<Error> problem;         // the first
};

// Of the calling thread's network namespace. Notes the peers of its SMC connections.
NamespaceReading read_namespace(System& system, PeerHistory& peers);

// Counters that only grow.
struct SmcCounts {
  HandshakeCounts connections;
  FallbackCounts fallbacks;
  ByteCounts bytes;

  void add(const SmcCounts& more);
};

// The running totals of one namespace.
class NamespaceTotals {
 public:
  void update(const NamespaceReading& reading);
  SmcCounts counts() const;

 private:
  // Counters of the kernel that go back to zero where its module is loaded anew.
  template <class Key>
  struct Growing {
    std::map<Key, std::uint64_t> last;          // as last read
    std::map<Key, std::uint64_t> before_reset;  // what they had counted when they went back

    void update(const std::map<Key, std::uint64_t>& now);
    std::map<Key, std::uint64_t> totals() const;
  };

  FallbackTotals fallbacks_;
  Growing<HandshakeKind> connections_;
  Growing<Direction> bytes_;
};

}  // namespace smc::node
