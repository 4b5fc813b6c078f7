// Destinations that stay on TCP, as users write them.
#include "base/destinations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace smc {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string refusal(std::string_view text) {
  const auto parsed = parse_destination(text);
  EXPECT_FALSE(parsed) << text;
  return parsed ? "" : parsed.error().what;
}

TEST(Destination, IsANetworkAnAddressWithAPortOrAPort) {
  EXPECT_EQ(*parse_destination("10.1.2.0/24"), (Destination{0x0A010200, 24, 0}));
  EXPECT_EQ(*parse_destination("10.20.0.7:3306"), (Destination{0x0A140007, 32, 3306}));
  EXPECT_EQ(*parse_destination(":6379"), (Destination{0, 0, 6379}));
}

TEST(Destination, IsReadAndWrittenAlike) {
  for (const char* text : {"0.0.0.0/0", "128.0.0.0/1", "10.1.2.0/24", "255.255.255.255/32",
                           "10.20.0.7:1", "0.0.0.0:65535", ":65535", ":1"}) {
    const auto parsed = parse_destination(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->text(), text);
  }
}

TEST(Destination, Ipv6IsRefusedAsWhatSmcDoesNotCarry) {
  for (const char* text :
       {"fd00::/8", "[fd00::1]:80", "::1", "[::]", "::ffff:10.0.0.1", "fd00::1:"})
    EXPECT_EQ(refusal(text), '"' + std::string(text) + "\" is IPv6, and SMC carries IPv4 alone");
}

TEST(Destination, AnAddressAloneIsRefusedWithBothThatItMayMean) {
  EXPECT_EQ(refusal("10.0.0.7"), "\"10.0.0.7\" has no port: write 10.0.0.7/32 for all of them");
}

TEST(Destination, ANetworkWithBitsBehindItsPrefixIsRefusedWithTheNetwork) {
  EXPECT_EQ(refusal("10.1.2.3/24"),
            "\"10.1.2.3/24\" has bits behind its prefix: the network is 10.1.2.0/24");
  EXPECT_EQ(refusal("1.0.0.0/0"),
            "\"1.0.0.0/0\" has bits behind its prefix: the network is 0.0.0.0/0");
}

TEST(Destination, APortIsFrom1To65535) {
  for (const char* text :
       {":", ":0", ":65536", ":080", ":+80", ":80x", ": 80", "10.0.0.7:", "10.0.0.7:0", "redis:x"})
    EXPECT_EQ(refusal(text), '"' + std::string(text) + "\" has no port from 1 to 65535");
}

TEST(Destination, AnythingElseIsRefused) {
  for (const char* text :
       {"redis:6379", "10.0.0/24", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/024", "010.0.0.0/8", "/24",
        "10.0.0.256/32", "10.0.0.7/32/1", "all", "-", "10.0.0.0/8:80"}) {
    EXPECT_EQ(refusal(text), '"' + std::string(text) + "\" is not IPv4 CIDR, ADDRESS:PORT, :PORT");
  }
  EXPECT_EQ(refusal(""), "an entry is empty");
}

TEST(Destination, WhatIsQuotedIsPrintableAndShort) {
  EXPECT_EQ(refusal("\x1b[31m"), "\"?[31m\" is not IPv4 CIDR, ADDRESS:PORT, :PORT");
  EXPECT_LT(refusal(std::string(1'000'000, 'a')).size(), 120u);
}

TEST(Destinations, AreSeparatedByCommasAndSpacesAroundThem) {
  const auto list = parse_destinations(" 10.1.2.0/24,10.20.0.7:3306 ,\t:6379\n");
  ASSERT_TRUE(list);
  EXPECT_THAT(*list, ElementsAre(Destination{0x0A010200, 24, 0}, Destination{0x0A140007, 32, 3306},
                                 Destination{0, 0, 6379}));
  EXPECT_EQ(text_of(*list), "10.1.2.0/24,10.20.0.7:3306,:6379");
}

TEST(Destinations, AnEmptyListHasNone) {
  for (const char* text : {"", " ", "\n"}) EXPECT_THAT(*parse_destinations(text), IsEmpty());
  EXPECT_EQ(text_of({}), "");
}

TEST(Destinations, AnEmptyEntryIsRefused) {
  for (const char* text : {",", ":1,", ",:1", ":1,,:2"})
    EXPECT_EQ(parse_destinations(text).error().what, "an entry is empty") << text;
}

std::string ports(int count) {
  std::string list;
  for (int port = 1; port <= count; ++port)
    list.append(list.empty() ? "" : ",").append(":" + std::to_string(port));
  return list;
}

TEST(Destinations, AreAtMost32DifferentOnes) {
  EXPECT_EQ(parse_destinations(ports(32) + ",:1,:2")->size(), 32u);
  EXPECT_EQ(parse_destinations(ports(33)).error().what, "there are more than 32 entries");
  EXPECT_EQ(parse_destinations(ports(64), kMaxDestinationsOfPod)->size(), 64u);
}

TEST(Destinations, JoinedAreEachThereOnce) {
  const auto first = parse_destinations(":1,:2");
  const auto second = parse_destinations(":2,:3");
  EXPECT_EQ(text_of(joined(*first, *second)), ":1,:2,:3");
}

}  // namespace
}  // namespace smc
