// Labels and subdomains as RFC 1123 and Kubernetes have them.
#include "base/dns_label.h"

#include <string>

#include <gtest/gtest.h>

namespace smc {
namespace {

TEST(DnsLabel, IsLowerCaseLettersDigitsAndInnerDashes) {
  for (const std::string& text : {std::string("a"), std::string("0"), std::string("a-0"),
                                  std::string("a--b"), std::string(63, 'a')})
    EXPECT_TRUE(is_dns_label(text)) << text;
  for (const std::string& text :
       {std::string(), std::string("A"), std::string("-a"), std::string("a-"), std::string("a.b"),
        std::string("a_b"), std::string("a b"), std::string(64, 'a'), std::string("a\n"),
        std::string("a\0", 2), std::string("\xC3\xA4")})
    EXPECT_FALSE(is_dns_label(text)) << text;
}

TEST(DnsSubdomain, IsLabelsJoinedByDots) {
  for (const std::string& text :
       {std::string("a"), std::string("a.b.c"), std::string(253, 'a'), std::string("1.2-3")})
    EXPECT_TRUE(is_dns_subdomain(text)) << text;
  for (const std::string& text :
       {std::string(), std::string("."), std::string("a."), std::string(".a"), std::string("a..b"),
        std::string("a.-b"), std::string(254, 'a')})
    EXPECT_FALSE(is_dns_subdomain(text)) << text;
}

}  // namespace
}  // namespace smc
