#include "base/json_value.h"

#include <gtest/gtest.h>

namespace smc {
namespace {

TEST(TextAt, IsTheStringAtAPlaceAndElseEmpty) {
  const auto document = nlohmann::json::parse(
      R"({"a":{"b":"text","n":1,"z":null},"list":[{"c":"first"}],"x/y":{"k":"slash"}})");
  EXPECT_EQ(text_at(document, "/a/b"), "text");
  EXPECT_EQ(text_at(document, "/list/0/c"), "first");
  EXPECT_EQ(text_at(document, nlohmann::json::json_pointer() / "x/y" / "k"), "slash");
  for (const char* none : {"/a", "/a/n", "/a/z", "/a/none", "/a/b/c", "/list/1/c", "/list/c"})
    EXPECT_EQ(text_at(document, none), "") << none;
  EXPECT_EQ(text_at(nullptr, "/a"), "");
  EXPECT_EQ(text_at("text", ""), "text");
}

}  // namespace
}  // namespace smc
