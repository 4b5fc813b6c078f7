#include "node-init/agent/pod_observer.h"

#include <cerrno>
#include <string>

#include <gmock/gmock.h>

#include "test/node-init/agent/pod_observer_fixture.h"

namespace smc::node {
namespace {

using test::FakeNamespace;
using test::kUidA;
using test::kUidB;
using test::PodObserverTest;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr HandshakeKind kClientV2{Side::kClient, 2};

TEST_F(PodObserverTest, CountsUnderThePodThatOwnsTheNamespace) {
  add_pod("100", 5001, kUidA).traffic.client_v2 = 3;
  FakeNamespace& pod_b = add_pod("200", 5002, kUidB);
  pod_b.fallbacks.server_total = 2;
  pod_b.fallbacks.reasons = {{Side::kServer, 0x03010000, 2}};
  system_.node().traffic.client_v2 = 9;
  const Observation seen = observe();
  EXPECT_EQ(seen.namespaces, 2u);
  EXPECT_EQ(seen.pods.at(kUidA).counts.connections.at(kClientV2), 3u);
  EXPECT_EQ(seen.pods.at(kUidB).counts.connections.at(kClientV2), 0u);
  EXPECT_EQ(seen.pods.at(kUidB).counts.fallbacks.at({Side::kServer, 0x03010000}), 2u);
  EXPECT_EQ(seen.node.counts.connections.at(kClientV2), 9u);
}

TEST_F(PodObserverTest, ReportsWhatIsSetUpInAPodsNamespace) {
  FakeNamespace& pod = add_pod("100", 5001, kUidA);
  pod.pnet_table = {{"PNA", "eth0", "", 0}, {"OTHER", "lo", "", 0}};
  pod.sysctls["/proc/sys/net/smc/tcp2smc"] = "1\n";
  add_pod("200", 5002, kUidB);
  const Observation seen = observe();
  ASSERT_THAT(seen.pods.at(kUidA).setups, SizeIs(1));
  EXPECT_TRUE(seen.pods.at(kUidA).setups[0].smc);
  EXPECT_THAT(seen.pods.at(kUidA).setups[0].pnetids, ElementsAre("PNA")) << "lo serves nobody";
  EXPECT_EQ(seen.pods.at(kUidA).setups[0].programs_use_smc, true);
  ASSERT_THAT(seen.pods.at(kUidB).setups, SizeIs(1));
  EXPECT_THAT(seen.pods.at(kUidB).setups[0].pnetids, IsEmpty());
  EXPECT_EQ(seen.pods.at(kUidB).setups[0].programs_use_smc, std::nullopt);
  EXPECT_EQ(seen.active_pnetids, std::vector<std::string>{"PNA"});
}

TEST_F(PodObserverTest, ReportsThatTheKernelHasNoSmcLoaded) {
  system_.smc_loaded = system_.smc_available = false;
  add_pod("100", 5001, kUidA);
  const Observation seen = observe();
  ASSERT_THAT(seen.pods.at(kUidA).setups, SizeIs(1));
  EXPECT_FALSE(seen.pods.at(kUidA).setups[0].smc);
  EXPECT_EQ(seen.active_pnetids, std::nullopt);
}

TEST_F(PodObserverTest, OfANamespaceThatCouldNotBeReadNothingIsReported) {
  system_.fail("SMC_PNETID GET", EPERM);
  add_pod("100", 5001, kUidA);
  const Observation seen = observe();
  EXPECT_THAT(seen.pods.at(kUidA).setups, IsEmpty());
  EXPECT_EQ(seen.problems, 1u);
}

TEST_F(PodObserverTest, SeveralProcessesOfOneNamespaceCountOnce) {
  for (const char* process : {"100", "101", "102", "103", "104"})
    add_pod(process, 5001, kUidA).traffic.client_v2 = 3;
  const Observation seen = observe();
  EXPECT_EQ(seen.namespaces, 1u);
  EXPECT_EQ(seen.pods.at(kUidA).counts.connections.at(kClientV2), 3u);
}

TEST_F(PodObserverTest, TheUidMayComeFromAnyProcessOfTheNamespace) {
  add_process("100", 5001, "/../../container");
  add_pod("101", 5001, kUidA);
  EXPECT_THAT(observe().pods, SizeIs(1));
}

TEST_F(PodObserverTest, APodInTheNodesOwnNamespaceIsNotCountedAgain) {
  add_pod("100", 4026531840, kUidA);
  const Observation seen = observe();
  EXPECT_THAT(seen.pods, IsEmpty());
  EXPECT_EQ(seen.namespaces, 0u);
}

TEST_F(PodObserverTest, NamespacesOutsidePodsAreNotEntered) {
  add_process("100", 5001, "/docker/0123");
  EXPECT_EQ(observe().namespaces, 0u);
  for (const std::string& request : system_.requests)
    EXPECT_FALSE(request.starts_with("enter")) << request;
}

TEST_F(PodObserverTest, SocketsAreCountedByModeAndHop) {
  FakeNamespace& pod = add_pod("100", 5001, kUidA);
  pod.addresses = {{1, "127.0.0.1", 8}, {2, "10.9.0.11", 24}};
  const auto add_socket = [&](SocketMode mode, SocketState state, const char* peer) {
    SmcSocket socket;
    socket.mode = mode;
    socket.state = state;
    socket.local_address = "10.9.0.11";
    socket.peer_address = peer;
    pod.sockets.push_back(socket);
  };
  add_socket(SocketMode::kSmcR, SocketState::kActive, "10.9.0.12");
  add_socket(SocketMode::kSmcR, SocketState::kActive, "10.9.0.13");
  add_socket(SocketMode::kTcp, SocketState::kActive, "10.9.0.11");
  add_socket(SocketMode::kTcp, SocketState::kClosed, "10.9.0.12");
  add_socket(SocketMode::kUnknown, SocketState::kListen, "0.0.0.0");
  const SocketCounts expected = {{{SocketMode::kSmcR, Hop::kRemote}, 2},
                                 {{SocketMode::kTcp, Hop::kLocal}, 1}};
  EXPECT_EQ(observe().pods.at(kUidA).sockets, expected);
}

TEST_F(PodObserverTest, APodThatEndsTakesItsSeriesAlong) {
  add_pod("100", 5001, kUidA);
  add_pod("200", 5002, kUidB);
  EXPECT_THAT(observe().pods, SizeIs(2));
  end_process("100");
  const Observation seen = observe();
  EXPECT_THAT(seen.pods, SizeIs(1));
  EXPECT_TRUE(seen.pods.contains(kUidB));
}

TEST_F(PodObserverTest, APodThatEndsBetweenListingAndEnteringIsNoError) {
  add_pod("100", 5001, kUidA);
  system_.before("enter " + ns_path("100"), [this] { end_process("100"); });
  const Observation seen = observe();
  EXPECT_EQ(seen.namespaces, 0u);
  EXPECT_EQ(seen.problems, 0u);
}

TEST_F(PodObserverTest, AnotherProcessOfThePodLeadsInWhereTheFirstEnded) {
  add_pod("100", 5001, kUidA);
  add_pod("101", 5001, kUidA).traffic.client_v2 = 3;
  system_.before("enter " + ns_path("100"), [this] { end_process("100"); });
  EXPECT_EQ(observe().pods.at(kUidA).counts.connections.at(kClientV2), 3u);
}

TEST_F(PodObserverTest, AProcessNumberThatWasGivenAnewIsNotTakenForThePod) {
  add_pod("100", 5001, kUidA);
  system_.before("enter " + ns_path("100"), [this] {
    system_.namespaces[ns_path("100")].id = "net:[7777]";
    system_.namespaces[ns_path("100")].traffic.client_v2 = 99;
  });
  const Observation seen = observe();
  EXPECT_EQ(seen.namespaces, 0u);
  EXPECT_THAT(seen.pods, IsEmpty());
}

TEST_F(PodObserverTest, ANamespaceNumberThatWasGivenAnewStartsFromZero) {
  add_pod("100", 5001, kUidA).traffic.client_v2 = 50;
  (void)observe();
  end_process("100");
  add_pod("200", 5001, kUidB).traffic.client_v2 = 60;
  const Observation seen = observe();
  EXPECT_EQ(seen.pods.at(kUidB).counts.connections.at(kClientV2), 60u);
}

TEST_F(PodObserverTest, TheTotalsOfAPodsSecondNamespaceStayWhenItGoes) {
  add_pod("100", 5001, kUidA).traffic.client_v2 = 5;
  add_pod("150", 5009, kUidA).traffic.client_v2 = 7;
  EXPECT_EQ(observe().pods.at(kUidA).counts.connections.at(kClientV2), 12u);
  end_process("150");
  EXPECT_EQ(observe().pods.at(kUidA).counts.connections.at(kClientV2), 12u);
}

TEST_F(PodObserverTest, WhatCannotBeReadIsReportedAndTheRestIsThere) {
  FakeNamespace& pod = add_pod("100", 5001, kUidA);
  pod.traffic.client_v2 = 3;
  add_pod("200", 5002, kUidB);
  system_.fail("DIAG", ENOENT, 3);
  const Observation seen = observe();
  EXPECT_EQ(seen.problems, 3u);  // the node's own, too
  EXPECT_THAT(seen.problem, HasSubstr("errno 2"));
  EXPECT_EQ(seen.pods.at(kUidA).counts.connections.at(kClientV2), 3u);
}

TEST_F(PodObserverTest, ANamespaceThatMayNotBeEnteredIsAProblem) {
  add_pod("100", 5001, kUidA);
  system_.fail("enter", EPERM);
  const Observation seen = observe();
  EXPECT_EQ(seen.problems, 1u);
  EXPECT_THAT(seen.problem, HasSubstr(kUidA));
}

TEST_F(PodObserverTest, WithoutTheRightToLookAtPid1ItSaysWhatItNeeds) {
  system_.fail("readlink /proc/1/ns/net", EACCES);
  const auto observation = observer_.observe([] { return false; });
  ASSERT_FALSE(observation);
  EXPECT_THAT(observation.error().hint, HasSubstr("CAP_SYS_PTRACE"));
}

TEST_F(PodObserverTest, StopsBetweenTwoPods) {
  add_pod("100", 5001, kUidA);
  add_pod("200", 5002, kUidB);
  int asked = 0;
  const auto observation = observer_.observe([&asked] { return asked++ == 1; });
  ASSERT_TRUE(observation);
  EXPECT_EQ(observation->namespaces, 1u);
}

TEST_F(PodObserverTest, BytesBySmcrAreCounted) {
  FakeNamespace& pod = add_pod("100", 5001, kUidA);
  pod.traffic.sent_bytes = 5'000'000'000;
  pod.traffic.received_bytes = 7;
  const ByteCounts expected = {{Direction::kSent, 5'000'000'000}, {Direction::kReceived, 7}};
  EXPECT_EQ(observe().pods.at(kUidA).counts.bytes, expected);
}

}  // namespace
}  // namespace smc::node
