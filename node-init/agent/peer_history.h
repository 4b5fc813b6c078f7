// The servers that spoke SMC with this node of late, to tell a peer that never had SMC (a control
// plane, a database) from one that had it and has lost it. One thread at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "node-init/kernel/smc_sockets.h"
#include "node-init/kernel/system.h"

namespace smc::node {

class PeerHistory {
 public:
  // Longer than an alert waits. An address that another pod gets within this time is taken for its
  // predecessor's.
  static constexpr std::chrono::minutes kKeep{30};
  // Some hundred bytes each; a node of 110 pods talks to fewer servers. Beyond it no new ones are
  // noted.
  static constexpr std::size_t kMost = 4'096;

  // Of a connection that this node opened: the ports of those that it accepted do not come again.
  void add(const SmcSocket& socket, Clock::time_point now);
  // Whether the peer of this socket spoke SMC within kKeep.
  bool spoke_smc(const SmcSocket& socket, Clock::time_point now) const;
  void drop_old(Clock::time_point now);

  std::size_t size() const { return last_.size(); }

 private:
  using Peer = std::pair<std::string, std::uint16_t>;

  std::map<Peer, Clock::time_point> last_;
};

}  // namespace smc::node
