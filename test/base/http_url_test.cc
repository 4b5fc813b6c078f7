// "http://HOST[:PORT]/PATH": what is taken, and what is refused with its reason.
#include "base/http_url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace smc {
namespace {

using testing::HasSubstr;

std::string taken(const std::string& text) {
  const auto url = parse_http_url(text);
  return url ? url->address.host + " " + std::to_string(url->address.port) + " " + url->path
             : "error: " + url.error().what;
}

TEST(HttpUrl, HasPort80AndTheRootWhereNothingIsNamed) {
  EXPECT_EQ(taken("http://server"), "server 80 /");
  EXPECT_EQ(taken("http://server:8080/echo"), "server 8080 /echo");
  EXPECT_EQ(taken("http://10.0.0.1:1/a/b?c=d"), "10.0.0.1 1 /a/b?c=d");
  EXPECT_EQ(taken("http://server?x"), "server 80 /?x");
  EXPECT_EQ(taken("http://server/a#part"), "server 80 /a") << "a fragment is not for servers";
  EXPECT_EQ(taken("http://[::1]:8080/"), "::1 8080 /");
  EXPECT_EQ(taken("http://[::1]/"), "::1 80 /");
}

TEST(HttpUrl, WhatIsNoneIsRefused) {
  EXPECT_THAT(taken("https://server/"), HasSubstr("HTTPS"));
  EXPECT_THAT(taken("server:8080"), HasSubstr("does not begin with http://"));
  EXPECT_THAT(taken("http://"), HasSubstr("names no host"));
  EXPECT_THAT(taken("http://:80/"), HasSubstr("names no host"));
  EXPECT_THAT(taken("http://user@host/"), HasSubstr("user's name"));
  EXPECT_THAT(taken("http://host:99999/"), HasSubstr("error"));
  EXPECT_THAT(taken("http://host:/"), HasSubstr("error"));
}

TEST(HttpUrl, NothingGetsIntoARequestsHead) {
  EXPECT_THAT(taken("http://host/a\r\nX: y"), HasSubstr("a character that no URL has"));
  EXPECT_THAT(taken("http://host/a b"), HasSubstr("a character that no URL has"));
  EXPECT_THAT(taken("http://host/\xc3\xa4"), HasSubstr("a character that no URL has"));
}

}  // namespace
}  // namespace smc
