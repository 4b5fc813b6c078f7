// Whose connections are counted together.
#include "http/places.h"

#include <gtest/gtest.h>

namespace smc::http {
namespace {

Origin origin(const char* address) {
  return origin_of(net::ip::make_address(address));
}

TEST(OriginOf, IsAnIpv4AddressHoweverItIsWritten) {
  EXPECT_EQ(origin("10.0.0.1"), origin("::ffff:10.0.0.1"));
  EXPECT_NE(origin("10.0.0.1"), origin("10.0.0.2"));
}

TEST(OriginOf, IsTheNetworkOfAnIpv6Address) {
  EXPECT_EQ(origin("2001:db8:1:2::1"), origin("2001:db8:1:2:ffff::9"));
  EXPECT_NE(origin("2001:db8:1:2::1"), origin("2001:db8:1:3::1"));
  EXPECT_NE(origin("2001:db8::1"), origin("10.0.0.1"));
}

TEST(Places, AreCountedByOrigin) {
  Places places;
  EXPECT_EQ(places.held_by(1), 0u);
  for (int i = 0; i < 3; ++i) places.take(1);
  places.take(2);
  EXPECT_EQ(places.held_by(1), 3u);
  EXPECT_EQ(places.above(2), Origin{1});
  EXPECT_EQ(places.above(3), std::nullopt);
  places.give_back(1);
  EXPECT_EQ(places.above(2), std::nullopt);
  places.give_back(2);
  places.give_back(2);
  EXPECT_EQ(places.held_by(2), 0u);
}

}  // namespace
}  // namespace smc::http
