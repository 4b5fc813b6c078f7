// Quantities as Kubernetes reads, compares and refuses them.
#include "webhook/config/quantity.h"

#include <gtest/gtest.h>

namespace smc::webhook {
namespace {

TEST(Quantity, FollowsResourceQuantityAndIsAboveZero) {
  for (const char* text : {"1", "50m", "0.5", ".5", "5.", "32Mi", "1Ei", "1E", "1e3", "1E3", "1e-3",
                           "1e+3", "+1", "1n", "100u", "0.001", "007", "12345678901234567890"})
    EXPECT_TRUE(is_positive_quantity(text)) << text;
  for (const char* text :
       {"",      "0",    "0.0", "0Mi",    "-1",    "-0.5",  "m",     "Mi",   ".",   "+",
        "1 Mi",  "1MiB", "1mi", "1K",     "1.2.3", "1e",    "1e+",   "1e3m", "1e-", "0x10",
        "1_000", "1,5",  "e3",  "1e9999", "NaN",   "1Mi\n", "1e+-3", "1e--3"})
    EXPECT_FALSE(is_positive_quantity(text)) << text;
}

TEST(Quantity, WholeOnesAreExactUpToAnInt64) {
  EXPECT_EQ(whole_quantity("0"), 0u);
  EXPECT_EQ(whole_quantity("7Mi"), 7u << 20);
  EXPECT_EQ(whole_quantity("1.5Ki"), 1536u);
  EXPECT_EQ(whole_quantity("1000m"), 1u);
  EXPECT_EQ(whole_quantity("64e6"), 64'000'000u);
  EXPECT_EQ(whole_quantity("0.5k"), 500u);
  EXPECT_EQ(whole_quantity("1000000000n"), 1u);
  EXPECT_EQ(whole_quantity("9223372036854775807"), 9223372036854775807u);
  EXPECT_EQ(whole_quantity("7Ei"), std::uint64_t{7} << 60);
  for (const char* text : {"9223372036854775808", "8Ei", "1e19", "0.5", "1m", "1.3Ki", "-1", "x",
                           "99999999999999999999", "1e999"})
    EXPECT_EQ(whole_quantity(text), std::nullopt) << text;
}

TEST(Quantity, IsTheSameByItsValueInThousandths) {
  for (const auto& [a, b] : {std::pair{"1000m", "1"},
                             {"0.5Gi", "512Mi"},
                             {"1e3", "1k"},
                             {"0.0001", "1m"},
                             {"50m", "0.050"},
                             {"x", "x"},
                             {"-1", "-1"}})
    EXPECT_TRUE(same_quantity(a, b)) << a << " " << b;
  for (const auto& [a, b] : {std::pair{"50m", "51m"},
                             {"1Mi", "1M"},
                             {"x", "y"},
                             {"1", ""},
                             {"-1", "1"},
                             {"-1", "-1000m"}})
    EXPECT_FALSE(same_quantity(a, b)) << a << " " << b;
}

TEST(Quantity, IsAtMostAnotherByItsValueInThousandths) {
  for (const auto& [a, b] :
       {std::pair{"50m", "50m"}, {"50m", "1"}, {"32Mi", "1Gi"}, {"0", "0"}, {"0.5", "500m"}})
    EXPECT_TRUE(is_at_most(a, b)) << a << " " << b;
  for (const auto& [a, b] :
       {std::pair{"50m", "20m"}, {"1", "999m"}, {"32Mi", "32M"}, {"1", ""}, {"x", "1"}})
    EXPECT_FALSE(is_at_most(a, b)) << a << " " << b;
}

}  // namespace
}  // namespace smc::webhook
