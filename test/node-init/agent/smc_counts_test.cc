#include "node-init/agent/smc_counts.h"

#include <gtest/gtest.h>

namespace smc::node {
namespace {

const std::set<std::string> kOwn = {"127.0.0.1", "10.0.0.5", "::1", "fd00::5"};

SmcSocket socket_to(const std::string& local, const std::string& peer) {
  SmcSocket socket;
  socket.local_address = local;
  socket.peer_address = peer;
  return socket;
}

TEST(Hop, IsRemoteWhereThePeersAddressIsNotOfThisNamespace) {
  EXPECT_EQ(hop_of(socket_to("10.0.0.5", "10.0.0.6"), kOwn), Hop::kRemote);
  EXPECT_EQ(hop_of(socket_to("fd00::5", "fd00::6"), kOwn), Hop::kRemote);
}

TEST(Hop, IsLocalToASidecarOverLoopbackOrThePodsOwnAddress) {
  EXPECT_EQ(hop_of(socket_to("127.0.0.1", "127.0.0.6"), kOwn), Hop::kLocal);
  EXPECT_EQ(hop_of(socket_to("127.0.0.1", "10.0.0.5"), kOwn), Hop::kLocal);
  EXPECT_EQ(hop_of(socket_to("fd00::5", "::1"), kOwn), Hop::kLocal);
}

TEST(Hop, AnAddressThatWasRedirectedToItselfIsLocal) {
  // a service address of the pod's own, which no interface has
  EXPECT_EQ(hop_of(socket_to("172.16.0.9", "172.16.0.9"), kOwn), Hop::kLocal);
}

TEST(Hop, ReadsAMappedAddressAsTheOneInside) {
  EXPECT_EQ(hop_of(socket_to("::ffff:10.0.0.5", "::ffff:10.0.0.5"), {}), Hop::kLocal);
  EXPECT_EQ(hop_of(socket_to("::", "::ffff:10.0.0.5"), kOwn), Hop::kLocal);
  EXPECT_EQ(hop_of(socket_to("::", "::ffff:127.0.0.1"), {}), Hop::kLocal);
  EXPECT_EQ(hop_of(socket_to("::", "::ffff:10.0.0.9"), kOwn), Hop::kRemote);
}

TEST(Hop, IsUnknownWhereTheKernelHidesTheAddresses) {
  EXPECT_EQ(hop_of(socket_to("0.0.0.0", "0.0.0.0"), kOwn), Hop::kUnknown);
  EXPECT_EQ(hop_of(socket_to("::", "::"), kOwn), Hop::kUnknown);
  EXPECT_EQ(hop_of(socket_to("", ""), kOwn), Hop::kUnknown);
}

NamespaceReading reading(std::uint64_t client_v2, std::uint16_t fallbacks) {
  NamespaceReading made;
  made.traffic = TrafficStats{};
  made.traffic->client_v2 = client_v2;
  made.traffic->sent_bytes = 100 * client_v2;
  made.fallbacks = FallbackStats{};
  made.fallbacks->client_total = fallbacks;
  made.fallbacks->reasons = {{Side::kClient, 0x03010000, fallbacks}};
  return made;
}

constexpr HandshakeKind kFirstAsClient{Side::kClient, 2};
constexpr FallbackKey kNoSmc{Side::kClient, 0x03010000};

TEST(NamespaceTotals, ShowTheKernelsCounters) {
  NamespaceTotals totals;
  totals.update(reading(5, 2));
  EXPECT_EQ(totals.counts().connections.at(kFirstAsClient), 5u);
  EXPECT_EQ(totals.counts().fallbacks.at(kNoSmc), 2u);
}

TEST(NamespaceTotals, KeepWhatWasCountedBeforeTheModuleWasLoadedAnew) {
  NamespaceTotals totals;
  totals.update(reading(5, 2));
  totals.update(reading(1, 0));
  EXPECT_EQ(totals.counts().connections.at(kFirstAsClient), 6u);
  EXPECT_EQ(totals.counts().bytes.at(Direction::kSent), 600u);
  EXPECT_EQ(totals.counts().fallbacks.at(kNoSmc), 2u);
}

TEST(NamespaceTotals, StayAsTheyAreWhereNothingCouldBeRead) {
  NamespaceTotals totals;
  totals.update(reading(5, 2));
  totals.update({});
  EXPECT_EQ(totals.counts().connections.at(kFirstAsClient), 5u);
  EXPECT_EQ(totals.counts().fallbacks.at(kNoSmc), 2u);
}

TEST(SmcCounts, OfTwoNamespacesAddUp) {
  NamespaceTotals one;
  NamespaceTotals other;
  one.update(reading(5, 2));
  other.update(reading(7, 1));
  SmcCounts sum = one.counts();
  sum.add(other.counts());
  EXPECT_EQ(sum.connections.at(kFirstAsClient), 12u);
  EXPECT_EQ(sum.bytes.at(Direction::kSent), 1'200u);
  EXPECT_EQ(sum.fallbacks.at(kNoSmc), 3u);
}

}  // namespace
}  // namespace smc::node
