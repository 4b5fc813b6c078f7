// What the README's tables say is what the code does.
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/file.h"
#include "webhook/config/config.h"
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

// "a: {b: {c: 0}}" of "a.b.c".
std::string yaml_with(const std::string& path) {
  const std::size_t dot = path.find('.');
  if (dot == std::string::npos) return path + ": 0";
  return path.substr(0, dot) + ": {" + yaml_with(path.substr(dot + 1)) + "}";
}

// Adds what may stand below `section`, which is empty or ends with a dot, as the configuration's
// reader tells whoever writes another key there. False: it is no section but a key.
bool add_keys_below(const std::string& section, std::set<std::string>& keys) {
  const auto mistakes = webhook::parse_config(yaml_with(section + "unheard-of")).mistakes;
  if (mistakes.size() != 1 || mistakes[0].problem != "unknown key") return false;
  std::string names = mistakes[0].allowed + ", ";
  for (std::size_t end; (end = names.find(", ")) != std::string::npos; names.erase(0, end + 2)) {
    const std::string path = section + names.substr(0, end);
    if (!add_keys_below(path + ".", keys)) keys.insert(path);
  }
  return true;
}

// Those of a row's first cell: "`a.b`, `.c`" are a.b and a.c.
void add_keys_of_row(const std::string& row, std::set<std::string>& keys) {
  const std::string cell = row.substr(0, row.find('|', 1));
  std::string section;
  for (std::size_t at = cell.find('`'); at != std::string::npos;) {
    const std::size_t end = cell.find('`', at + 1);
    std::string key = cell.substr(at + 1, end - at - 1);
    if (key.starts_with('.'))
      key.insert(0, section);
    else
      section = key.substr(0, key.rfind('.'));
    EXPECT_TRUE(keys.insert(key).second) << key << " is there twice";
    at = cell.find('`', end + 1);
  }
}

TEST(Readme, TableOfTheConfigurationHasEveryKeyAndNoOther) {
  std::set<std::string> expected;
  add_keys_below("", expected);
  ASSERT_TRUE(expected.contains("injection.affinity.mode"));
  std::set<std::string> keys;
  for (const std::string& row : readme_rows("configuration")) add_keys_of_row(row, keys);
  EXPECT_EQ(keys, expected);
}

TEST(Decisions, TableIsInTheEnumsOrder) {
  for (std::size_t i = 0; i < webhook::kDecisions.size(); ++i)
    EXPECT_EQ(static_cast<std::size_t>(webhook::kDecisions[i].decision), i);
}

}  // namespace
}  // namespace smc
