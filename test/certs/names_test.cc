// Only names that a client can compare get into a certificate.
#include "certs/names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace smc::certs {
namespace {

using testing::ElementsAre;

bool accepted(const std::string& dns) {
  return parse_names({dns}, {}).ok();
}

TEST(Names, AreLoweredWrittenCanonicallyAndListedOnce) {
  const auto names =
      parse_names({"Web.SVC", "web.svc", "*.example.org"}, {"127.0.0.1", "FD00:0::1", "fd00::1"});
  ASSERT_TRUE(names);
  EXPECT_THAT(names->dns, ElementsAre("web.svc", "*.example.org"));
  EXPECT_THAT(names->ips, ElementsAre("127.0.0.1", "fd00::1"));
}

TEST(Names, DnsNamesFollowRfc1123) {
  EXPECT_TRUE(accepted("a"));
  EXPECT_TRUE(accepted("smc-webhook.smc-system.svc"));
  EXPECT_TRUE(accepted(std::string(63, 'a') + ".b"));
  for (const std::string& wrong :
       {std::string(), std::string("-a"), std::string("a-"), std::string("a..b"), std::string("a."),
        std::string(".a"), std::string("a b"), std::string("a_b"), std::string("a,DNS:b"),
        std::string("b\xC3\xBC"), std::string("a\0b", 3), std::string("https://a"),
        std::string(64, 'a'), std::string(260, 'a')})
    EXPECT_FALSE(accepted(wrong)) << wrong;
}

TEST(Names, AWildcardIsTheWholeFirstLabel) {
  for (const char* wrong : {"*", "*.", "a.*.b", "a*.b", "**.b"})
    EXPECT_FALSE(accepted(wrong)) << wrong;
}

TEST(Names, AnAddressIsNoDnsNameAndTheOtherWayRound) {
  EXPECT_FALSE(accepted("10.0.0.1"));
  for (const char* wrong : {"localhost", "10.0.0", "10.0.0.256", "10.0.0.1:443", "fd00::/8", ""})
    EXPECT_FALSE(parse_names({}, {wrong})) << wrong;
}

TEST(Names, NoneAndTooManyAreRefusedWithAHint) {
  const auto none = parse_names({}, {});
  ASSERT_FALSE(none);
  EXPECT_FALSE(none.error().hint.empty());

  std::vector<std::string> many;
  for (std::size_t i = 0; i < kMaxNames; ++i) many.push_back("n" + std::to_string(i));
  EXPECT_TRUE(parse_names(many, {}));
  EXPECT_FALSE(parse_names(many, {"127.0.0.1"}));
}

}  // namespace
}  // namespace smc::certs
