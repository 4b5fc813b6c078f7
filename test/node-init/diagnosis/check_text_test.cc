// How the results of checks are shown: to a person, in a terminal, and to a program.
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "node-init/diagnosis/checks.h"

namespace smc::node {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::vector<CheckResult> kResults = {
    pass("namespace", "a network namespace of its own"),
    fail("smc", "not loaded", "load it"),
    pass("rdma device", "rdma0 of type CA"),
    blocked("pnetid", "smc"),
    blocked("ueid", "smc"),
};

TEST(ChecksTable, HasGroupsHintsOnTheirOwnLinesAndAClosingVerdict) {
  EXPECT_EQ(checks_table(kResults),
            "Kernel\n"
            "  FAIL  smc               not loaded\n"
            "        hint: load it\n"
            "RDMA\n"
            "  PASS  rdma device       rdma0 of type CA\n"
            "Network namespace\n"
            "  PASS  namespace         a network namespace of its own\n"
            "not checked while 'smc' does not hold: pnetid, ueid\n"
            "FAIL: SMC-R cannot be used here: smc\n");
}

TEST(ChecksTable, TheVerdictCountsWarningsAndNotWhatTheyBlocked) {
  const auto good = pass("smc", "loaded");
  EXPECT_THAT(checks_table({good}), HasSubstr("\nPASS: SMC-R can be used here\n"));
  EXPECT_THAT(checks_table({good, warn("cni", "x", "y"), blocked("gids", "rdma device")}),
              HasSubstr("\nWARN: SMC-R can be used here, with a warning\n"));
  EXPECT_THAT(checks_table({warn("cni", "x", "y"), warn("gids", "x", "y")}),
              HasSubstr("with 2 warnings"));
}

TEST(ChecksTable, HasColoursOnlyWhereTheyAreAskedFor) {
  EXPECT_THAT(checks_table(kResults), Not(HasSubstr("\x1b")));
  const std::string coloured = checks_table(kResults, true);
  EXPECT_THAT(coloured, HasSubstr("\x1b[31mFAIL\x1b[0m"));
  EXPECT_THAT(coloured, HasSubstr("\x1b[32mPASS\x1b[0m"));
}

TEST(ChecksJson, HasEveryResultInTheirOrderAndTheWorstVerdict) {
  const auto parsed = nlohmann::json::parse(checks_json(kResults));
  EXPECT_EQ(parsed["verdict"], "FAIL");
  ASSERT_EQ(parsed["checks"].size(), kResults.size());
  for (std::size_t i = 0; i < kResults.size(); ++i) {
    EXPECT_EQ(parsed["checks"][i]["name"], kResults[i].name);
    EXPECT_EQ(parsed["checks"][i]["verdict"], verdict_name(kResults[i].verdict));
    EXPECT_EQ(parsed["checks"][i]["finding"], kResults[i].finding);
    EXPECT_EQ(parsed["checks"][i]["hint"], kResults[i].hint);
  }
  EXPECT_EQ(parsed["checks"][3]["blockedBy"], "smc");
  EXPECT_FALSE(parsed["checks"][0].contains("blockedBy"));
}

}  // namespace
}  // namespace smc::node
