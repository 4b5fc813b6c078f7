#include "node-init/agent/node_events.h"

#include <string>

#include <gtest/gtest.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

namespace smc::node {
namespace {

template <class T>
std::string event(std::uint16_t type, const T& part) {
  nlmsghdr header{};
  header.nlmsg_len = NLMSG_LENGTH(sizeof part);
  header.nlmsg_type = type;
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
  bytes.append(reinterpret_cast<const char*>(&part), sizeof part);
  return bytes;
}

std::string link_event(int index) {
  ifinfomsg part{};
  part.ifi_index = index;
  return event(RTM_NEWLINK, part);
}

TEST(LinkEvent, ConcernsTheInterfacesOfRdmaPortsAlone) {
  EXPECT_TRUE(link_event_concerns(link_event(3), {3, 5}));
  EXPECT_FALSE(link_event_concerns(link_event(4), {3, 5}));
  EXPECT_FALSE(link_event_concerns(link_event(4), {}));
}

TEST(LinkEvent, AddressesCountToo) {
  ifaddrmsg part{};
  part.ifa_index = 5;
  EXPECT_TRUE(link_event_concerns(event(RTM_DELADDR, part), {3, 5}));
  part.ifa_index = 6;
  EXPECT_FALSE(link_event_concerns(event(RTM_DELADDR, part), {3, 5}));
}

TEST(LinkEvent, AnyMessageOfADatagramMayConcern) {
  EXPECT_TRUE(link_event_concerns(link_event(4) + link_event(3), {3}));
}

TEST(LinkEvent, OfAnotherKindOrCutShortConcernsNobody) {
  EXPECT_FALSE(link_event_concerns(event(RTM_NEWROUTE, rtmsg{}), {0, 3}));
  EXPECT_FALSE(link_event_concerns(event(RTM_NEWLINK, char{3}), {3}));
}

TEST(LinkEvent, AMalformedDatagramConcerns) {
  EXPECT_TRUE(link_event_concerns(link_event(4).substr(0, 20), {3}));
}

TEST(RdmaUevent, IsKnownByItsSubsystem) {
  using namespace std::string_view_literals;
  EXPECT_TRUE(is_rdma_uevent("add@/devices/x\0ACTION=add\0SUBSYSTEM=infiniband\0SEQNUM=7\0"sv));
  EXPECT_FALSE(is_rdma_uevent("add@/devices/x\0ACTION=add\0SUBSYSTEM=infiniband_verbs\0"sv));
  EXPECT_FALSE(is_rdma_uevent("add@/devices/x\0ACTION=add\0SUBSYSTEM=net\0"sv));
  EXPECT_FALSE(is_rdma_uevent(""sv));
}

}  // namespace
}  // namespace smc::node
