// `smc-node-init explain`: codes as people have them, and the table of what they mean.
#include "node-init/diagnosis/explain.h"

#include <set>

#include <gmock/gmock.h>

#include "node-init/kernel/fallback_codes.h"

namespace smc::node {
namespace {

using testing::HasSubstr;

TEST(FallbackCodesTest, EveryCodeOfTheKernelIsThereWithWordsAndHint) {
  // SMC_CLC_DECL_… of net/smc/smc_clc.h, Linux 6.12.
  const std::set<std::uint32_t> kernel = {
      0x01010000, 0x02010000, 0x02020000, 0x03000000, 0x03010000, 0x03020000,
      0x03030000, 0x03030001, 0x03030002, 0x03030003, 0x03030004, 0x03030005,
      0x03030006, 0x03030007, 0x03030008, 0x03030009, 0x0303000a, 0x0303000b,
      0x03040000, 0x03050000, 0x03060000, 0x03070000, 0x03080000, 0x03090000,
      0x030a0000, 0x030b0000, 0x030c0000, 0x030d0000, 0x030e0000, 0x030f0000,
      0x04000000, 0x05000000, 0x09990000, 0x09990001, 0x09990002, 0x09990003};
  std::set<std::uint32_t> known;
  std::set<std::string_view> names;
  for (const FallbackCode& code : fallback_codes()) {
    known.insert(code.code);
    names.insert(code.name);
    EXPECT_FALSE(code.meaning.empty()) << code.name;
    EXPECT_FALSE(code.hint.empty()) << code.name;
    EXPECT_EQ(find_fallback_code(code.code), &code);
    EXPECT_EQ(find_fallback_name(code.name), &code);
    EXPECT_EQ(find_fallback_name(std::string(kKernelPrefix) + std::string(code.kernel_name)),
              &code);
  }
  EXPECT_EQ(known, kernel);
  EXPECT_EQ(names.size(), kernel.size());
  EXPECT_EQ(find_fallback_code(0x0badc0de), nullptr);
}

void expect_codes(const std::string& text, const std::vector<AskedCode>& codes) {
  const auto asked = parse_asked_codes(text);
  ASSERT_TRUE(asked) << text;
  EXPECT_EQ(*asked, codes) << text;
}

TEST(ExplainTest, TakesOneCodeHoweverItIsWritten) {
  for (const char* text : {"03010000", "0x03010000", "0X3010000", "3010000", " 03010000 ",
                           "(0x03010000)", "\"03010000\"", "0x03010000,"})
    expect_codes(text, {{0x03010000, false}});
  expect_codes("030a0000", {{0x030a0000, false}});
}

TEST(ExplainTest, TakesTheLocalCodeAndThePeers) {
  for (const char* text : {"05000000/03030000", "0x05000000/0x03030000", "0x05000000 / 0x03030000"})
    expect_codes(text, {{0x05000000, false}, {0x03030000, true}});
}

TEST(ExplainTest, TakesSeveralCodes) {
  expect_codes("03010000 03030000", {{0x03010000, false}, {0x03030000, false}});
  expect_codes("0x05000000/0x03030000 0x03010000",
               {{0x05000000, false}, {0x03030000, true}, {0x03010000, false}});
}

TEST(ExplainTest, TakesARowOfSmcss) {
  expect_codes("TCP 0x05000000/0x03030000", {{0x05000000, false}, {0x03030000, true}});
  expect_codes("ACTIVE         00000 0065546 10.9.1.11:43210 10.9.1.12:5000  0000 TCP 0x03010000",
               {{0x03010000, false}});
  expect_codes("ACTIVE 00000 0065546 10.9.1.11:43210 10.9.1.12:5000 0000 SMCR", {});
}

TEST(ExplainTest, TakesTheKernelsNamesAndOurs) {
  for (const char* text : {"SMC_CLC_DECL_PEERNOSMC", "smc_clc_decl_peernosmc", "peer_no_smc"})
    expect_codes(text, {{0x03010000, false}});
  expect_codes("SMC_CLC_DECL_PEERDECL/SMC_CLC_DECL_NOSMCDEV",
               {{0x05000000, false}, {0x03030000, true}});
}

TEST(ExplainTest, AHalfOfZerosIsAnEndThatGaveNoReason) {
  expect_codes("0x03010000/0x00000000", {{0x03010000, false}, {0, true}});
  expect_codes("00000000/03030000", {{0, false}, {0x03030000, true}});
  EXPECT_EQ(explained({0, true}), "peer: 0x00000000: this end gave no reason\n");
}

TEST(ExplainTest, RefusesWhatIsNoneOfThese) {
  for (const char* bad : {"", " ", "/", "0x", "x", "0x1g", "123456789", "1/", "/1", "1/2/3", "1//2",
                          "-1", "TCP", "PEERNO", "03010000 nonsense"}) {
    const auto asked = parse_asked_codes(bad);
    ASSERT_FALSE(asked) << bad;
    EXPECT_FALSE(asked.error().hint.empty());
  }
}

TEST(ExplainTest, SaysNameMeaningAndHint) {
  const auto text = explained({0x03030000, true});
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, HasSubstr("peer: 0x03030000 no_device (SMC_CLC_DECL_NOSMCDEV): no RDMA"));
  EXPECT_THAT(*text, HasSubstr("\n  hint: "));
  EXPECT_EQ(explained({0x1234, false}), std::nullopt);
}

TEST(ExplainTest, WhatDependsOnTheKernelIsSaidWithTheKernel) {
  EXPECT_THAT(*explained({0x03030000, false}), HasSubstr("6.17"));
  EXPECT_THAT(*explained({0x03010000, false}), HasSubstr("limit_smc_hs"));
  EXPECT_THAT(*explained({0x03010000, false}), HasSubstr("hs_ctrl"));
}

}  // namespace
}  // namespace smc::node
