// What the README says about decisions is what the code does: its table is held against
// webhook/decision.h.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/file.h"
#include "webhook/review/decision.h"
#include "webhook/review/tolerated.h"

namespace smc {
namespace {

// Those of the table behind the comment that begins so.
std::vector<std::string> readme_rows(const std::string& comment) {
  const auto readme = read_file(SMC_TEST_DIR "/../README.md", 1 << 20);
  if (!readme) return {};
  std::vector<std::string> rows;
  std::size_t at = readme->find("<!-- " + comment + ":");
  while ((at = readme->find("\n| `", at)) != std::string::npos) {
    const std::size_t end = readme->find('\n', at + 1);
    rows.push_back(readme->substr(at + 1, end - at - 1));
    at = end;
    if (readme->compare(at, 3, "\n| ") != 0) break;
  }
  return rows;
}

TEST(Readme, DecisionTableIsTheCodesTable) {
  std::vector<std::string> expected;
  for (const auto& entry : webhook::kDecisions) {
    expected.push_back("| `" + std::string(entry.code) + "` | " + std::string(entry.sentence) +
                       " | " + (entry.warns ? "yes |" : "|"));
  }
  EXPECT_EQ(readme_rows("decisions"), expected);
}

TEST(Readme, TableOfWhatOthersMayChangeIsTheCodesTable) {
  std::vector<std::string> expected;
  for (const auto& row : webhook::kTolerated)
    expected.push_back("| `" + std::string(row.field) + "` | " + std::string(row.change) + " | " +
                       std::string(row.who) + " | " + std::string(row.why) + " |");
  EXPECT_EQ(readme_rows("tolerated"), expected);
}

TEST(Decisions, TableIsInTheEnumsOrder) {
  for (std::size_t i = 0; i < webhook::kDecisions.size(); ++i)
    EXPECT_EQ(static_cast<std::size_t>(webhook::kDecisions[i].decision), i);
}

}  // namespace
}  // namespace smc
