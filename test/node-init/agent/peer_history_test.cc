// Which peers are said to have no SMC: those whose connection came without the option, and who have
// not spoken it of late.
#include "node-init/agent/peer_history.h"

#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "node-init/kernel/fallback_codes.h"
#include "test/node-init/agent/pod_observer_fixture.h"

namespace smc::node {
namespace {

using test::FakeNamespace;
using test::kUidA;
using test::PodObserverTest;

// The sockets of a pod whose server has no SMC, and of one whose server had it.
class Peers : public PodObserverTest {
 protected:
  Peers() { pod_.addresses = {{2, "10.9.0.11", 24}}; }

  void add_socket(SocketMode mode, const char* peer, std::uint16_t port, std::uint32_t reason = 0) {
    SmcSocket socket;
    socket.mode = mode;
    socket.state = SocketState::kActive;
    socket.local_address = "10.9.0.11";
    socket.local_port = 40'000;
    socket.peer_address = peer;
    socket.peer_port = port;
    socket.fallback_reason = reason;
    pod_.sockets.push_back(socket);
  }
  void add_listener(std::uint16_t port) {
    SmcSocket socket;
    socket.state = SocketState::kListen;
    socket.local_address = "0.0.0.0";
    socket.local_port = port;
    pod_.sockets.push_back(socket);
  }
  std::uint64_t tcp_sockets(PeerKind peer) {
    const SocketCounts counts = observe().pods.at(kUidA).sockets;
    const auto found = counts.find({SocketMode::kTcp, Hop::kRemote, peer});
    return found == counts.end() ? 0 : found->second;
  }

  FakeNamespace& pod_ = add_pod("100", 5001, kUidA);
};

TEST_F(Peers, WithoutTheSmcOptionHaveNoSmc) {
  add_socket(SocketMode::kTcp, "10.9.0.50", 15012, kPeerNoSmc);
  EXPECT_EQ(tcp_sockets(PeerKind::kNoSmc), 1U);
}

TEST_F(Peers, ThatDeclineHaveSmc) {
  add_socket(SocketMode::kTcp, "10.9.0.50", 8080, kPeerDeclined);
  add_socket(SocketMode::kTcp, "10.9.0.51", 8080, 0x03030000);
  EXPECT_EQ(tcp_sockets(PeerKind::kSmc), 2U);
}

TEST_F(Peers, ThatSpokeSmcOfLateHaveItThoughTheOptionIsGone) {
  add_socket(SocketMode::kSmcR, "10.9.0.50", 8080);
  (void)observe();
  pod_.sockets.clear();
  add_socket(SocketMode::kTcp, "10.9.0.50", 8080, kPeerNoSmc);
  EXPECT_EQ(tcp_sockets(PeerKind::kSmc), 1U);
  system_.sleep_for(PeerHistory::kKeep + std::chrono::seconds(1));
  EXPECT_EQ(tcp_sockets(PeerKind::kNoSmc), 1U) << "by then the address may be another pod's";
}

TEST_F(Peers, AreKnownByAddressAndPort) {
  add_socket(SocketMode::kSmcR, "10.9.0.50", 8080);
  add_socket(SocketMode::kTcp, "10.9.0.50", 15020, kPeerNoSmc);
  EXPECT_EQ(tcp_sockets(PeerKind::kNoSmc), 1U);
}

TEST_F(Peers, OfAcceptedConnectionsAreNotRemembered) {
  add_listener(40'000);
  add_socket(SocketMode::kSmcR, "10.9.0.50", 51'000);
  (void)observe();
  pod_.sockets.pop_back();
  add_socket(SocketMode::kTcp, "10.9.0.50", 51'000, kPeerNoSmc);
  EXPECT_EQ(tcp_sockets(PeerKind::kNoSmc), 1U);
}

TEST(PeerHistory, IsBounded) {
  PeerHistory peers;
  SmcSocket socket;
  socket.mode = SocketMode::kSmcR;
  socket.peer_port = 80;
  for (std::size_t i = 0; i < PeerHistory::kMost + 10; ++i) {
    socket.peer_address = std::to_string(i);
    peers.add(socket, {});
  }
  EXPECT_EQ(peers.size(), PeerHistory::kMost);
  peers.drop_old(Clock::time_point{} + PeerHistory::kKeep + std::chrono::seconds(1));
  EXPECT_EQ(peers.size(), 0U);
}

}  // namespace
}  // namespace smc::node
