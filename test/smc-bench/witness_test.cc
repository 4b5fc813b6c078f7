// What carried a load: the kernel's three accounts have to agree before it is called SMC-R.
#include "bench/witness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/netlink.h>

#include "test/node-init/kernel/fake_system.h"

namespace smc::bench {
namespace {

using node::SmcSocket;
using node::SocketMode;
using node::SocketState;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t kRequests = 1000;
constexpr std::uint64_t kPayload = 128;
const std::string kCounters = "/sys/class/infiniband/rdma0/ports/1/hw_counters";

std::string text_of(const Proof& proof) {
  RunResult run;
  run.proof = proof;
  return proof_text(run);
}

class WitnessTest : public testing::Test {
 protected:
  WitnessTest() {
    system_.smc_loaded = true;
    for (std::uint16_t port = 40'000; port < 40'004; ++port) {
      ports_.opened("10.9.0.11", port);
      system_.pod().sockets.push_back(socket(port, SocketMode::kSmcR));
    }
    set_counters(0, 0, 0);
    system_.directories[kCounters] = {"sent_pkts", "rcvd_pkts", "duplicate_request"};
  }

  static SmcSocket socket(std::uint16_t port, SocketMode mode) {
    SmcSocket out;
    out.state = SocketState::kActive;
    out.mode = mode;
    out.local_address = "10.9.0.11";
    out.local_port = port;
    out.peer_address = "10.9.0.12";
    out.peer_port = 8080;
    if (mode == SocketMode::kTcp) out.fallback_reason = 0x03010000;
    out.device = "rdma0";
    out.device_port = 1;
    return out;
  }

  void set_counters(std::uint64_t smc, std::uint64_t eth0, std::uint64_t packets) {
    system_.pod().traffic.sent_bytes = smc / 2;
    system_.pod().traffic.received_bytes = smc - smc / 2;
    system_.files["/proc/net/dev"] =
        "Inter-|   Receive                                                |  Transmit\n"
        " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets\n"
        "    lo: 77 1 0 0 0 0 0 0 77 1 0 0 0 0 0 0\n"
        "  eth0: " +
        std::to_string(eth0) + " 5 0 0 0 0 0 0 0 5 0 0 0 0 0 0\n";
    system_.files[kCounters + "/sent_pkts"] = std::to_string(packets) + "\n";
    system_.files[kCounters + "/rcvd_pkts"] = "0\n";
    system_.files[kCounters + "/duplicate_request"] = "999999\n";
  }

  // A run in which the counters rose by this much.
  Proof run(std::uint64_t smc, std::uint64_t eth0, std::uint64_t packets) {
    Witness witness(system_, ports_);
    witness.begin();
    set_counters(smc, eth0, packets);
    witness.look();
    return judged(witness);
  }

  static Proof judged(Witness& witness) {
    Proof proof = witness.end();
    judge(proof, kRequests, kPayload);
    return proof;
  }

  node::test::FakeSystem system_;
  OpenPorts ports_;
};

TEST_F(WitnessTest, AllConnectionsBytesAndPacketsTogetherAreSmcR) {
  const Proof proof = run(300'000, 2'000, 2'100);
  EXPECT_THAT(proof.doubts, IsEmpty());
  EXPECT_EQ(proof.mode(), "smc-r");
  EXPECT_EQ(proof.samples, 1u);
  EXPECT_EQ(proof.smc_bytes, 300'000u);
  EXPECT_EQ(proof.interface, "eth0");
  EXPECT_EQ(proof.interface_bytes, 2'000u);
  EXPECT_EQ(proof.device, "rdma0");
  EXPECT_EQ(proof.device_packets, 2'100u);
  EXPECT_THAT(text_of(proof), HasSubstr("4 of 4 connections SMC-R"));
}

// In a network namespace other than the first sysfs has no hw_counters.
TEST_F(WitnessTest, InAPodTheInterfaceDecidesAndNoPacketsAreTold) {
  system_.directories.erase(kCounters);
  const Proof over_rdma = run(300'000, 2'000, 0);
  EXPECT_THAT(over_rdma.doubts, IsEmpty());
  EXPECT_EQ(over_rdma.device_packets, std::nullopt);
  EXPECT_THAT(text_of(over_rdma), Not(HasSubstr("packets")));
  EXPECT_THAT(run(600'000, 402'000, 0).doubts,
              ElementsAre(HasSubstr("packets are not known, and eth0 carried")));
}

// As a load ends, its threads close their connections one after the other.
TEST_F(WitnessTest, ConnectionsThatTheEndOfTheLoadHasClosedCount) {
  Witness witness(system_, ports_);
  witness.begin();
  set_counters(300'000, 2'000, 2'100);
  witness.look();
  ports_.closed(system_.pod().sockets.back().local_port);
  system_.pod().sockets.pop_back();
  witness.look();
  const Proof proof = judged(witness);
  EXPECT_EQ(proof.mode(), "smc-r");
  EXPECT_THAT(text_of(proof), HasSubstr("4 of 4 connections SMC-R"));
}

TEST_F(WitnessTest, OneConnectionOnTcpIsNamedWithItsReason) {
  system_.pod().sockets[2] = socket(40'002, SocketMode::kTcp);
  const Proof proof = run(300'000, 2'000, 2'100);
  EXPECT_EQ(proof.mode(), "mixed");
  EXPECT_THAT(proof.doubts, ElementsAre("1 of 4 connections were not SMC-R"));
  ASSERT_EQ(proof.fallbacks.size(), 1u);
  EXPECT_EQ(proof.fallbacks.front().code, "0x03010000");
  EXPECT_EQ(proof.fallbacks.front().count, 1u);
}

TEST_F(WitnessTest, ASocketThatWasNeverSwitchedIsInNoTableAndCountsAsTcp) {
  system_.pod().sockets.pop_back();
  const Proof proof = run(300'000, 2'000, 2'100);
  EXPECT_EQ(proof.modes.at("tcp"), 1u);
  EXPECT_FALSE(proof.smc_r());
}

TEST_F(WitnessTest, AConnectionThatWasOnTcpForOneLookSpoilsTheProof) {
  Witness witness(system_, ports_);
  witness.begin();
  const SmcSocket good = system_.pod().sockets[0];
  system_.pod().sockets[0] = socket(40'000, SocketMode::kTcp);
  witness.look();
  system_.pod().sockets[0] = good;
  witness.look();
  set_counters(300'000, 2'000, 2'100);
  const Proof proof = judged(witness);
  EXPECT_THAT(proof.doubts, ElementsAre("1 of 4 connections were not SMC-R"));
}

TEST_F(WitnessTest, FewerBytesThanTheRequestsHadAreADoubt) {
  EXPECT_THAT(run(100, 2'000, 2'100).doubts,
              ElementsAre(AllOf(HasSubstr("SMC counted 100 bytes"), HasSubstr("128000"))));
}

TEST_F(WitnessTest, AnInterfaceThatCarriedThePayloadIsADoubtWhereTheDeviceCountedTooLittle) {
  EXPECT_THAT(run(300'000, 500'000, 3).doubts,
              ElementsAre(AllOf(HasSubstr("3 packets for 1000 requests"),
                                HasSubstr("eth0 carried 500000 bytes"))));
}

// Where RoCE goes through the same interface its bytes say nothing, and the device's packets do.
TEST_F(WitnessTest, PacketsOfTheDeviceAreEnoughWhereTheInterfaceCarriesRoce) {
  EXPECT_TRUE(run(300'000, 900'000, 2'100).smc_r());
}

TEST_F(WitnessTest, ATableThatCannotBeReadIsNoProof) {
  Witness witness(system_, ports_);
  witness.begin();
  set_counters(300'000, 2'000, 2'100);
  system_.fail("open netlink " + std::to_string(NETLINK_SOCK_DIAG), EPERM, 100);
  witness.look();
  EXPECT_THAT(judged(witness).doubts,
              Contains(AllOf(HasSubstr("could not be read"), HasSubstr("errno 1"))));
}

TEST_F(WitnessTest, ARunWithoutALookIsNoProof) {
  Witness witness(system_, ports_);
  witness.begin();
  set_counters(300'000, 2'000, 2'100);
  EXPECT_THAT(judged(witness).doubts, Contains(HasSubstr("shorter than a second")));
}

TEST_F(WitnessTest, FallbacksAreToldSecondBySecond) {
  Witness witness(system_, ports_);
  system_.pod().fallbacks = {5, 0, {{node::Side::kClient, 0x03010000, 5}}};
  witness.begin();
  system_.pod().fallbacks.client_total = 7;
  system_.pod().fallbacks.server_total = 1;
  EXPECT_EQ(witness.look(), 3u);
  EXPECT_EQ(witness.look(), 0u);
}

TEST_F(WitnessTest, ASocketThatIsNotYetActiveOrBeingClosedSaysNothing) {
  system_.pod().sockets[0].state = SocketState::kInit;
  system_.pod().sockets[1].state = SocketState::kClosed;
  const Proof proof = run(300'000, 2'000, 2'100);
  EXPECT_EQ(proof.connections, 2u);
  EXPECT_THAT(proof.doubts, IsEmpty());
}

// The kernel lists a socket no longer once its program has closed it; its TCP connection lives on
// until the peer has done the same.
TEST_F(WitnessTest, AConnectionThatWasSmcAndIsListedNoMoreIsBeingClosed) {
  Witness witness(system_, ports_);
  witness.begin();
  set_counters(300'000, 2'000, 2'100);
  witness.look();
  system_.pod().sockets.clear();
  witness.look();
  const Proof proof = judged(witness);
  EXPECT_EQ(proof.mode(), "smc-r") << text_of(proof);
  EXPECT_EQ(proof.connections, 4u);
}

TEST_F(WitnessTest, NoConnectionIsNoProof) {
  for (const std::uint16_t port : ports_.now()) ports_.closed(port);
  EXPECT_THAT(run(300'000, 2'000, 2'100).doubts, Contains("no connection was seen"));
}

// Another program's load: its first requests are sent before anybody sees its connections.
TEST_F(WitnessTest, CountersAreThoseFromBeforeTheFirstConnection) {
  OpenPorts ports;
  Witness witness(system_, ports);
  EXPECT_TRUE(witness.begin_before_connections());
  set_counters(1'000, 10, 0);
  EXPECT_TRUE(witness.begin_before_connections());
  set_counters(5'000, 20, 0);
  ports.opened("10.9.0.11", 40'000);
  EXPECT_FALSE(witness.begin_before_connections());
  witness.look();
  set_counters(300'000, 2'010, 0);
  const Proof proof = witness.end();
  EXPECT_EQ(proof.smc_bytes, 299'000u);
  EXPECT_EQ(proof.interface, "eth0") << "of the connections that came later";
  EXPECT_EQ(proof.interface_bytes, 2'000u);
  EXPECT_EQ(proof.connections, 1u);
  EXPECT_EQ(proof.device, "rdma0");
}

TEST(InterfaceBytes, AreTheFirstAndTheNinthColumn) {
  const std::string text =
      "head\n  eth0: 10 1 2 3 4 5 6 7 20 9\neth01:1 1 1 1 1 1 1 1 1 1\n bad: 1 2\n";
  EXPECT_EQ(interface_bytes(text, "eth0"), 30u);
  EXPECT_EQ(interface_bytes(text, "eth01"), 2u);
  EXPECT_FALSE(interface_bytes(text, "bad"));
  EXPECT_FALSE(interface_bytes(text, "eth1"));
}

}  // namespace
}  // namespace smc::bench
