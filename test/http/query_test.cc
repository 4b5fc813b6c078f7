#include "http/query.h"

#include <gtest/gtest.h>

namespace smc::http {
namespace {

using Values = std::map<std::string, std::string>;

TEST(Queries, AreReadByNameAndDecoded) {
  EXPECT_EQ(parse_query(""), Values{});
  EXPECT_EQ(parse_query("pod=shop%2Fcart&target=http://a:1/?b=c+d&&e"),
            (Values{{"pod", "shop/cart"}, {"target", "http://a:1/?b=c d"}, {"e", ""}}));
}

TEST(Queries, WithBrokenEscapesOrANameTwiceAreNone) {
  for (const char* query : {"a=%", "a=%4", "a=%4x", "%zz=1", "a=1&a=2", "a=% 41", "a=%-1"})
    EXPECT_EQ(parse_query(query), std::nullopt) << query;
}

}  // namespace
}  // namespace smc::http
