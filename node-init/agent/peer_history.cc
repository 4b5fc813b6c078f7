#include "node-init/agent/peer_history.h"

namespace smc::node {

void PeerHistory::add(const SmcSocket& socket, Clock::time_point now) {
  if (socket.mode != SocketMode::kSmcR && socket.mode != SocketMode::kSmcD) return;
  if (socket.peer_port == 0) return;  // the kernel hides it
  const Peer peer{socket.peer_address, socket.peer_port};
  if (last_.size() < kMost || last_.contains(peer)) last_[peer] = now;
}

bool PeerHistory::spoke_smc(const SmcSocket& socket, Clock::time_point now) const {
  const auto found = last_.find({socket.peer_address, socket.peer_port});
  return found != last_.end() && now - found->second <= kKeep;
}

void PeerHistory::drop_old(Clock::time_point now) {
  std::erase_if(last_, [&](const auto& one) { return now - one.second > kKeep; });
}

}  // namespace smc::node
