// Which connections another program's load has, by the kernel's table of TCP sockets.
#include "bench/target_ports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/node-init/kernel/fake_system.h"

namespace smc::bench {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// As /proc/net/tcp of a little-endian machine has it.
constexpr const char* kTable =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode\n"
    "   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 "
    "1\n"
    "   1: 0B00090A:9C40 0C00090A:1F90 01 00000000:00000000 02:00000A6C 00000000     0        0 2 "
    "2\n"
    "   2: 0B00090A:9C41 0C00090A:1F90 01 00000000:00000000 02:00000A6C 00000000     0        0 3 "
    "2\n"
    "   3: 0B00090A:9C42 0C00090A:1F90 06 00000000:00000000 03:00000A6C 00000000     0        0 0 "
    "3\n"
    "   4: 0B00090A:9C43 0C00090A:0050 01 00000000:00000000 02:00000A6C 00000000     0        0 4 "
    "2\n"
    "   5: 0B00090A:9C44 0D00090A:1F90 01 00000000:00000000 02:00000A6C 00000000     0        0 5 "
    "2\n";

TEST(Established, AreReadWithBothEnds) {
  const auto all = established(kTable);
  ASSERT_THAT(all, SizeIs(4));
  EXPECT_EQ(all[0].address, "10.9.0.11");
  EXPECT_EQ(all[0].port, 40'000);
  EXPECT_EQ(all[0].peer_address, "10.9.0.12");
  EXPECT_EQ(all[0].peer_port, 8080);
}

TEST(Established, WhatIsNoLineOfItIsLeftOut) {
  EXPECT_THAT(established(""), IsEmpty());
  EXPECT_THAT(established("1: x:y 0100007F:1 01\n2: 0100007F 0100007F:1 01\n3:\n"), IsEmpty());
  EXPECT_THAT(established("1: 0100007F:12345 0100007F:1 01\n"), IsEmpty()) << "no port";
}

TEST(TargetPorts, AreThoseOfTheServerAskedFor) {
  node::test::FakeSystem system;
  system.files["/proc/net/tcp"] = kTable;
  const TargetPorts ports(system, {"10.9.0.12"}, 8080);
  EXPECT_EQ(ports.address(), "");
  EXPECT_THAT(ports.now(), ElementsAre(40'000, 40'001));
  EXPECT_EQ(ports.address(), "10.9.0.11");
  EXPECT_THAT(TargetPorts(system, {"10.9.0.12", "10.9.0.13"}, 8080).now(),
              ElementsAre(40'000, 40'001, 40'004));
  EXPECT_THAT(TargetPorts(system, {"10.9.0.14"}, 8080).now(), IsEmpty());
}

TEST(Ipv4AddressesOf, AHostAreAtLeastOne) {
  const auto own = ipv4_addresses_of("127.0.0.1");
  ASSERT_TRUE(own);
  EXPECT_THAT(*own, ElementsAre("127.0.0.1"));
  const auto none = ipv4_addresses_of("no-such-host.invalid");
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().what, testing::HasSubstr("resolve no-such-host.invalid"));
}

}  // namespace
}  // namespace smc::bench
