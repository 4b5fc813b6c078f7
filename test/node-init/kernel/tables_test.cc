// The kernel's tables as they are read: devices, counters, sockets, UEIDs, links, RDMA devices.
#include <cerrno>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "node-init/kernel/links.h"
#include "node-init/kernel/rdma_devices.h"
#include "node-init/kernel/rdma_gids.h"
#include "node-init/kernel/smc_devices.h"
#include "node-init/kernel/smc_sockets.h"
#include "node-init/kernel/smc_stats.h"
#include "node-init/kernel/sysctl.h"
#include "node-init/kernel/ueid.h"
#include "test/node-init/kernel/fake_system.h"
#include "test/node-init/kernel/netlink_bytes.h"

namespace smc::node {
namespace {

using test::FakeSystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// --- devices

TEST(SmcDevicesTest, DevicesAreReadWithTheirPorts) {
  FakeSystem system;
  system.devices.push_back({"rdma1", {{1, "", false, 3, false}, {2, "PNB", true, 4, true}}});
  const auto devices = smc_devices(system);
  ASSERT_TRUE(devices);
  EXPECT_EQ(*devices, system.devices);
}

TEST(SmcDevicesTest, TheBytesOfLinux612AreReadRight) {
  // As captured from 6.12: rxe0, port 1 active with pnetid PNA.
  const std::string port = test::u8_attribute(1, 1) + test::text_attribute(2, "PNA") +
                           test::u32_attribute(3, 1) + test::u8_attribute(5, 1) +
                           test::u8_attribute(4, 1) + test::u32_attribute(6, 0);
  FakeSystem system;
  system.replay(
      "SMC GET_DEV_SMCR",
      {test::generic(0x22, 6,
                     test::nested(6, test::u8_attribute(2, 0) + test::text_attribute(10, "rxe0") +
                                         test::nested(8, port))) +
       test::done()});
  const auto devices = smc_devices(system);
  ASSERT_TRUE(devices);
  EXPECT_THAT(*devices, ElementsAre(SmcDevice{"rxe0", {{1, "PNA", true, 1, true}}}));
}

TEST(SmcDevicesTest, OnlyActivePortsNamePnetidsEachOnce) {
  const std::vector<SmcDevice> devices = {
      {"a", {{1, "PNB", true, 1, true}, {2, "PNA", true, 2, true}}},
      {"b", {{1, "PNA", true, 3, true}, {2, "PNC", true, 4, false}}},
      {"c", {{1, "", false, 5, true}}}};
  EXPECT_THAT(active_pnetids(devices), ElementsAre("PNA", "PNB"));
}

TEST(SmcDevicesTest, AHardwarePnetidLosesItsPadding) {
  FakeSystem system;
  system.devices[0].ports[0].pnetid = "NET1            ";
  EXPECT_EQ((*smc_devices(system))[0].ports[0].pnetid, "NET1");
}

// --- counters

TEST(SmcStatsTest, FallbacksAreReadBySideAndReasonWithTheTotalsOnce) {
  FakeSystem system;
  system.pod().fallbacks = {7,
                            5,
                            {{Side::kClient, 0x03010000, 4},
                             {Side::kClient, 0x03030000, 3},
                             {Side::kServer, 0x05000000, 5}}};
  const auto stats = fallback_stats(system);
  ASSERT_TRUE(stats);
  EXPECT_EQ(stats->client_total, 7u);
  EXPECT_EQ(stats->server_total, 5u);
  EXPECT_EQ(stats->reasons, system.pod().fallbacks.reasons);
}

TEST(SmcStatsTest, TotalsOfFourBytesAreReadToo) {
  FakeSystem system;
  system.replay(
      "SMC GET_FBACK_STATS",
      {test::generic(
           0x22, 8,
           test::nested(8, test::u8_attribute(1, 1) + test::u32_attribute(2, 9) +
                               test::u32_attribute(3, 1) + test::u32_attribute(4, 0x03010000) +
                               test::u16_attribute(5, 65535) + test::u32_attribute(99, 1))) +
       test::done()});
  const auto stats = fallback_stats(system);
  ASSERT_TRUE(stats);
  EXPECT_EQ(stats->server_total, 9u);
  EXPECT_THAT(stats->reasons, ElementsAre(FallbackReason{Side::kServer, 0x03010000, 65535}));
}

TEST(SmcStatsTest, TrafficIsRead) {
  FakeSystem system;
  system.pod().traffic = {1, 2, 3, 4, 5, 6, 7, 8};
  const auto stats = traffic_stats(system);
  ASSERT_TRUE(stats);
  EXPECT_EQ(stats->client_v2, 2u);
  EXPECT_EQ(stats->server_v2, 4u);
  EXPECT_EQ(stats->received_bytes, 5u);
  EXPECT_EQ(stats->server_handshake_errors, 8u);
}

// --- sockets

SmcSocket connection(SocketMode mode) {
  SmcSocket socket;
  socket.state = SocketState::kActive;
  socket.mode = mode;
  socket.local_address = "10.9.0.11";
  socket.local_port = 40000;
  socket.peer_address = "10.9.0.12";
  socket.peer_port = 80;
  socket.inode = 5'000'000'000;
  return socket;
}

TEST(SmcSocketsTest, ASocketOverRdmaHasItsDeviceAndGids) {
  FakeSystem system;
  SmcSocket socket = connection(SocketMode::kSmcR);
  socket.device = "rdma0";
  socket.device_port = 1;
  socket.gid = "::ffff:10.9.0.1";
  // Longer than the field: it then lacks its NUL.
  socket.peer_gid = std::string(40, 'f');
  system.pod().sockets = {socket};
  const auto read = smc_sockets(system);
  ASSERT_TRUE(read);
  ASSERT_EQ(read->size(), 1u);
  EXPECT_EQ((*read)[0].mode, SocketMode::kSmcR);
  EXPECT_EQ((*read)[0].local_address, "10.9.0.11");
  EXPECT_EQ((*read)[0].peer_port, 80);
  EXPECT_EQ((*read)[0].inode, 5'000'000'000u);
  EXPECT_EQ((*read)[0].device, "rdma0");
  EXPECT_EQ((*read)[0].peer_gid, std::string(40, 'f'));
}

TEST(SmcSocketsTest, AFallbackHasBothCodes) {
  FakeSystem system;
  SmcSocket socket = connection(SocketMode::kTcp);
  socket.fallback_reason = 0x05000000;
  socket.peer_diagnosis = 0x03030000;
  system.pod().sockets = {socket};
  const auto read = smc_sockets(system);
  EXPECT_EQ((*read)[0].mode, SocketMode::kTcp);
  EXPECT_EQ((*read)[0].fallback_reason, 0x05000000u);
  EXPECT_EQ((*read)[0].peer_diagnosis, 0x03030000u);
}

TEST(SmcSocketsTest, BeforeTheHandshakesEndAndWhileListeningThereIsNoMode) {
  FakeSystem system;
  for (const SocketState state : {SocketState::kInit, SocketState::kListen}) {
    SmcSocket socket = connection(SocketMode::kSmcR);
    socket.state = state;
    system.pod().sockets = {socket};
    EXPECT_EQ((*smc_sockets(system))[0].mode, SocketMode::kUnknown);
  }
}

TEST(SmcSocketsTest, MessagesShorterThanASocketAreSkipped) {
  FakeSystem system;
  system.replay("DIAG", {test::message(20, "short") + test::done()});
  const auto read = smc_sockets(system);
  ASSERT_TRUE(read);
  EXPECT_THAT(*read, IsEmpty());
}

TEST(SmcSocketsTest, WithoutSmcDiagTheHintNamesIt) {
  FakeSystem system;
  system.fail("DIAG", ENOENT);
  EXPECT_THAT(smc_sockets(system).error().hint, HasSubstr("smc_diag"));
}

// --- UEIDs

TEST(UeidTest, NamesAreUpperCaseLettersDigitsDotsAndDashes) {
  EXPECT_EQ(normal_ueid("my-cluster.1"), "MY-CLUSTER.1");
  EXPECT_EQ(normal_ueid(std::string(32, 'A')), std::string(32, 'A'));
  for (const std::string& bad : {std::string(), std::string(33, 'A'), std::string("-A"),
                                 std::string("A B"), std::string("A_B"), std::string("\xc3\xa4")})
    EXPECT_EQ(normal_ueid(bad), std::nullopt) << bad;
}

TEST(UeidTest, IsAddedPaddedAndOnce) {
  FakeSystem system;
  EXPECT_TRUE(*add_ueid(system, "SECOND"));
  EXPECT_FALSE(*add_ueid(system, "SECOND"));
  EXPECT_THAT(system.writes, ElementsAre("SMC ADD_UEID SECOND"));
  EXPECT_THAT(*read_ueids(system), ElementsAre("SMCV2-TEST", "SECOND"));
}

TEST(UeidTest, AFullTableIsERANGEAndNobodysEntryIsRemoved) {
  FakeSystem system;
  system.ueids = {"A", "B", "C", "D"};
  const auto added = add_ueid(system, "E");
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, ERANGE);
  EXPECT_THAT(added.error().hint, HasSubstr("4 at most"));
  EXPECT_THAT(system.ueids, ElementsAre("A", "B", "C", "D"));
}

TEST(UeidTest, OneThatAnotherProgramAddsMeanwhileIsFine) {
  FakeSystem system;
  system.ueids = {"A", "B", "C"};
  // The kernel then reports the full table, not the double entry.
  system.before("SMC ADD_UEID", [&] { system.ueids.push_back("E"); });
  EXPECT_FALSE(*add_ueid(system, "E"));
}

TEST(UeidTest, RemovingWhatIsNotThereIsNoError) {
  FakeSystem system;
  EXPECT_FALSE(*remove_ueid(system, "NONE"));
  EXPECT_TRUE(*remove_ueid(system, "SMCV2-TEST"));
  EXPECT_THAT(system.ueids, IsEmpty());
}

TEST(UeidTest, EPERMComesWithAHint) {
  FakeSystem system;
  system.fail("SMC ADD_UEID", EPERM);
  EXPECT_THAT(add_ueid(system, "X").error().hint, HasSubstr("CAP_NET_ADMIN"));
}

// --- links

TEST(LinksTest, InterfacesAddressesAndTheDefaultRouteAreRead) {
  FakeSystem system;
  EXPECT_EQ(*links(system), system.pod().links);
  EXPECT_EQ(*ipv4_addresses(system), system.pod().addresses);
  EXPECT_EQ(*default_route_interface(system), 2);
  system.pod().default_route.reset();
  EXPECT_EQ(*default_route_interface(system), std::nullopt);
}

TEST(LinksTest, ADeviceBelowInAnotherNamespaceIsSeen) {
  FakeSystem system;
  system.pod().links.push_back({3, "ipv0", "02:00:00:00:00:0c", "ipvlan", true, 7, true});
  EXPECT_EQ(*links(system), system.pod().links);
}

TEST(LinksTest, AVethsPeerIsNoDeviceBelow) {
  FakeSystem system;
  system.pod().links[1].lower_index = 9;
  EXPECT_EQ((*links(system))[1].lower_index, 0);
}

std::string route(std::uint32_t ifindex, std::uint32_t metric, std::uint8_t length = 0,
                  std::uint32_t table = RT_TABLE_MAIN) {
  rtmsg head{};
  head.rtm_family = AF_INET;
  head.rtm_type = RTN_UNICAST;
  head.rtm_dst_len = length;
  return test::message(RTM_NEWROUTE, test::raw(head) + test::u32_attribute(RTA_TABLE, table) +
                                         test::u32_attribute(RTA_OIF, ifindex) +
                                         test::u32_attribute(RTA_PRIORITY, metric));
}

TEST(LinksTest, TheDefaultRouteOfTheLowestMetricInTheMainTableCounts) {
  FakeSystem system;
  system.replay("ROUTE GETROUTE", {route(3, 200) + route(4, 100) + route(5, 1, 24) +
                                   route(6, 1, 0, RT_TABLE_LOCAL) + test::done()});
  EXPECT_EQ(*default_route_interface(system), 4);
}

// --- RDMA devices

TEST(RdmaDevicesTest, DevicesAreReadWithTheirTypeAndPorts) {
  FakeSystem system;
  system.files["/sys/class/infiniband/rdma0/device/vendor"] = "0x1ded\n";
  system.files["/sys/class/infiniband/rdma0/device/device"] = "0x107f\n";
  const auto devices = rdma_devices(system);
  ASSERT_TRUE(devices);
  ASSERT_EQ(devices->size(), 1u);
  EXPECT_TRUE((*devices)[0].is_erdma());
  EXPECT_TRUE((*devices)[0].is_ib_ca);
  EXPECT_EQ((*devices)[0].node_type, "CA");
  ASSERT_EQ((*devices)[0].ports.size(), 1u);
  EXPECT_TRUE((*devices)[0].ports[0].active);
}

TEST(RdmaDevicesTest, AnRnicIsNoCa) {
  FakeSystem system;
  system.rdma[0].is_ib_ca = false;
  EXPECT_FALSE((*rdma_devices(system))[0].is_ib_ca);
  EXPECT_EQ((*rdma_devices(system))[0].node_type, "RNIC");
  EXPECT_FALSE((*rdma_devices(system))[0].is_erdma());
}

TEST(RdmaDevicesTest, AKernelWithoutRdmaHasNone) {
  FakeSystem system;
  system.fail("open netlink 20", EPROTONOSUPPORT);
  const auto devices = rdma_devices(system);
  ASSERT_TRUE(devices);
  EXPECT_THAT(*devices, IsEmpty());
}

TEST(RdmaDevicesTest, TheNamespaceModeIsRead) {
  FakeSystem system;
  EXPECT_TRUE(*rdma_namespaces_shared(system));
  system.rdma_shared = false;
  EXPECT_FALSE(*rdma_namespaces_shared(system));
}

TEST(RdmaDevicesTest, QueuePairsInUseAreCountedByDevice) {
  FakeSystem system;
  system.queue_pairs = {{"rdma0", 12}};
  EXPECT_THAT(*queue_pairs_in_use(system), ElementsAre(testing::Pair("rdma0", 12u)));
  system.fail("RDMA RES_GET", EINVAL);
  EXPECT_THAT(*queue_pairs_in_use(system), IsEmpty()) << "a kernel that does not count them";
  system.fail("RDMA RES_GET", EPERM);
  EXPECT_FALSE(queue_pairs_in_use(system));
}

TEST(RdmaGidsTest, AreReadInOrderWithTypeAndIpv4Address) {
  FakeSystem system;
  system.set_gids("rdma0", 1,
                  {{"IB/RoCE v1", "fe80:0000:0000:0000:0016:3eff:fe00:0001"},
                   {"RoCE v2", "0000:0000:0000:0000:0000:ffff:0a09:0001"}});
  const auto gids = rdma_gids(system, "rdma0", 1);
  ASSERT_TRUE(gids);
  EXPECT_THAT(*gids, ElementsAre(RdmaGid{0, "IB/RoCE v1", ""}, RdmaGid{1, "RoCE v2", "10.9.0.1"}));
  EXPECT_TRUE((*gids)[0].is_roce_v1());
  EXPECT_TRUE((*gids)[1].is_roce_v2());
  EXPECT_FALSE(rdma_gids(system, "rdma0", 2));
}

// --- sysctls

TEST(SysctlTest, IsWrittenOnlyWhereItDiffersAndReadBack) {
  FakeSystem system;
  const std::string path = sysctl_path({"net", "smc", "rmem"});
  EXPECT_FALSE(*ensure_sysctl(system, path, "65536"));
  EXPECT_TRUE(*ensure_sysctl(system, path, "131072"));
  EXPECT_THAT(system.writes, ElementsAre("write /proc/sys/net/smc/rmem = 131072"));
  EXPECT_EQ(system.requests.back(), "read /proc/sys/net/smc/rmem");
}

TEST(SysctlTest, AValueThatDoesNotStickIsAnError) {
  FakeSystem system;
  const std::string path = sysctl_path({"net", "smc", "rmem"});
  system.before("write",
                [&] { system.before("read", [&] { system.pod().sysctls[path] = "65536\n"; }); });
  const auto wrote = ensure_sysctl(system, path, "131072");
  ASSERT_FALSE(wrote);
  EXPECT_THAT(wrote.error().what, HasSubstr("reads back as 65536"));
}

TEST(SysctlTest, AnInterfaceWithADotIsOneDirectory) {
  EXPECT_EQ(sysctl_path({"net", "ipv6", "conf", "eth0.5", "disable_ipv6"}),
            "/proc/sys/net/ipv6/conf/eth0.5/disable_ipv6");
}

}  // namespace
}  // namespace smc::node
