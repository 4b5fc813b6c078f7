// The configuration as a file: what loading it and `check-config` say of it.
#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "test/support/temporary_directory.h"
#include "webhook/commands/check_command.h"
#include "webhook/config/config.h"

namespace smc::webhook {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class ConfigFileTest : public testing::Test {
 protected:
  std::string written(const std::string& content) {
    EXPECT_TRUE(write_file_atomic(directory_.file("c.yaml"), content, 0600));
    return directory_.file("c.yaml");
  }
  int check(const std::string& path) { return check_config_command(path, out_, err_); }

  test::TemporaryDirectory directory_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(ConfigFileTest, LoadsTheFileOrTheDefaults) {
  EXPECT_EQ(load_config("")->init_container.name, "smc-init");
  EXPECT_EQ(load_config(written("initContainer: {name: x}\n"))->init_container.name, "x");
}

TEST_F(ConfigFileTest, LoadingNamesEveryMistakeOnALineOfItsOwn) {
  const std::string path = written("a: 1\nb: 2\n");
  const auto config = load_config(path);
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().text(), StartsWith(path + ":1: a: unknown key (allowed: "));
  EXPECT_THAT(config.error().text(), HasSubstr("\n" + path + ":2: b: unknown key"));
}

TEST_F(ConfigFileTest, CheckSaysGoodOrEveryMistake) {
  EXPECT_EQ(check(written("log: {level: warn}\n")), 0);
  EXPECT_THAT(out_.str(), HasSubstr("good"));
  EXPECT_EQ(err_.str(), "");
  EXPECT_EQ(check(written("a: 1\nb: 2\n")), 2);
  EXPECT_THAT(err_.str(), HasSubstr(":1: a: unknown key"));
  EXPECT_THAT(err_.str(), HasSubstr(":2: b: unknown key"));
}

TEST_F(ConfigFileTest, CheckRefusesWhatIsNoFileOrTooLarge) {
  EXPECT_EQ(check(directory_.file("none")), 2);
  EXPECT_EQ(check(directory_.path()), 2);
  EXPECT_EQ(check(""), 2);
  EXPECT_EQ(check(written(std::string(kMaxConfigBytes + 1, '#'))), 2);
  EXPECT_EQ(check(written(std::string(kMaxConfigBytes, '#'))), 0);
}

}  // namespace
}  // namespace smc::webhook
