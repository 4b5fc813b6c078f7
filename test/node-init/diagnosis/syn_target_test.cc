#include "node-init/diagnosis/syn_target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace smc::node {
namespace {

using testing::HasSubstr;

std::string read(const std::string& text) {
  const auto target = parse_syn_target(text);
  return target ? target->host + " " + std::to_string(target->port) : target.error().what;
}

TEST(SynTargets, AreUrlsOrHostAndPort) {
  EXPECT_EQ(read("server:8080"), "server 8080");
  EXPECT_EQ(read("10.0.0.1:1"), "10.0.0.1 1");
  EXPECT_EQ(read("http://server"), "server 80");
  EXPECT_EQ(read("HTTPS://server.ns.svc/path:1?q=http://x"), "server.ns.svc 443");
  EXPECT_EQ(read("http://user:secret@server:8080#f"), "server 8080");
  EXPECT_EQ(read("redis://server:6379"), "server 6379");
  EXPECT_EQ(read("[fd00::2]:80"), "fd00::2 80");
  EXPECT_EQ(read("http://[fd00::2]/"), "fd00::2 80");
}

TEST(SynTargets, OtherTextsAreRefusedWithTheReason) {
  EXPECT_THAT(read(""), HasSubstr("not HOST:PORT"));
  EXPECT_THAT(read("server"), HasSubstr("not HOST:PORT"));
  EXPECT_THAT(read("server:http"), HasSubstr("not HOST:PORT"));
  EXPECT_THAT(read("server:65536"), HasSubstr("not HOST:PORT"));
  EXPECT_THAT(read("server:0"), HasSubstr("port is 0"));
  EXPECT_THAT(read(":80"), HasSubstr("host is missing"));
  EXPECT_THAT(read("http:///path"), HasSubstr("host is missing"));
  EXPECT_THAT(read("redis://server"), HasSubstr("no port"));
  EXPECT_THAT(read("a b:80"), HasSubstr("characters"));
  EXPECT_THAT(read(std::string("a\0b:80", 6)), HasSubstr("characters"));
  EXPECT_THAT(read(std::string(5000, 'a') + ":80"), HasSubstr("too long"));
  EXPECT_THAT(parse_syn_target("x").error().hint, HasSubstr("http://server:8080/"));
}

TEST(Magics, AreEightHexadecimalDigits) {
  EXPECT_EQ(*parse_magic("E2D4C3D9"), 0xE2D4C3D9);
  EXPECT_EQ(*parse_magic("0xe2d4c3d9"), 0xE2D4C3D9);
  for (const char* text : {"", "0x", "e2d4c3d", "e2d4c3d9a", "e2d4c3dg", "-2d4c3d9", "+2d4c3d9"})
    EXPECT_FALSE(parse_magic(text)) << text;
}

}  // namespace
}  // namespace smc::node
