// "HOST:PORT" as the flags give it.
#include "base/host_port.h"

#include <gtest/gtest.h>

namespace smc {
namespace {

TEST(HostPort, IsReadAndWrittenAlike) {
  for (const char* text : {"0.0.0.0:8443", "[::]:8443", "[::1]:0", "localhost:65535", "a.b:1"}) {
    const auto parsed = parse_host_port(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->text(), text);
  }
  const auto ipv6 = parse_host_port("[::1]:8443");
  EXPECT_EQ(ipv6->host, "::1");
  EXPECT_EQ(ipv6->port, 8443);
}

TEST(HostPort, WithoutAHostIsEveryIpv4Address) {
  EXPECT_EQ(parse_host_port(":8443")->text(), "[::]:8443");
}

TEST(HostPort, AnythingElseIsRefusedWithAHint) {
  for (const char* text : {"", ":", "8443", "a", "a:", "a:x", "a:80x", "a:-1", "a:65536", "a: 80",
                           "::1:80", "[::1]", "[::1]:", "[]:80x"}) {
    const auto parsed = parse_host_port(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().what, "\"" + std::string(text) + "\" is not HOST:PORT");
    EXPECT_FALSE(parsed.error().hint.empty());
  }
}

}  // namespace
}  // namespace smc
