// Every log line is one JSON object, whatever a stranger's text holds; the level takes effect at
// once.
#include "base/log.h"

#include <regex>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace smc {
namespace {

class LogTest : public testing::Test {
 protected:
  void SetUp() override { testing::internal::CaptureStderr(); }
  void TearDown() override { log::set_level(log::Level::kInfo); }
  std::string written() {
    log::flush();
    return testing::internal::GetCapturedStderr();
  }
};

TEST_F(LogTest, ALineIsOneJsonObjectWithTimeLevelAndEvent) {
  log::warn("reload", {{"file", "a\"b\n{}%v"}, {"size", 7}, {"ok", true}, {"seconds", 0.5}});
  const std::string line = written();
  ASSERT_EQ(std::count(line.begin(), line.end(), '\n'), 1) << line;
  const auto object = nlohmann::json::parse(line);
  EXPECT_TRUE(std::regex_match(object["time"].get<std::string>(),
                               std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)")));
  EXPECT_EQ(object["level"], "warn");
  EXPECT_EQ(object["event"], "reload");
  EXPECT_EQ(object["file"], "a\"b\n{}%v");
  EXPECT_EQ(object["size"], 7);
  EXPECT_EQ(object["ok"], true);
  EXPECT_EQ(object["seconds"], 0.5);
}

TEST_F(LogTest, ANumberThatJsonCannotWriteIsNull) {
  log::info("x", {{"ratio", 1.0 / 0.0}});
  EXPECT_TRUE(nlohmann::json::parse(written())["ratio"].is_null());
}

TEST_F(LogTest, BelowTheLevelNothingIsWritten) {
  log::debug("before");
  log::set_level(log::Level::kDebug);
  log::debug("after");
  log::set_level(log::Level::kError);
  log::warn("silent");
  EXPECT_EQ(nlohmann::json::parse(written())["event"], "after");
}

TEST_F(LogTest, WhatIsToBeLearnedNowhereElseIsWrittenWhateverTheLevel) {
  log::set_level(log::Level::kError);
  log::always("listening", {{"address", "127.0.0.1:40001"}});
  const auto object = nlohmann::json::parse(written());
  EXPECT_EQ(object["level"], "info");
  EXPECT_EQ(object["event"], "listening");
  EXPECT_EQ(object["address"], "127.0.0.1:40001");
}

TEST_F(LogTest, AnErrorCarriesItsErrnoAndHint) {
  log::error("start", Error{"open /x", 13, "run as root"});
  const auto object = nlohmann::json::parse(written());
  EXPECT_EQ(object["error"], "open /x: Permission denied (errno 13)");
  EXPECT_EQ(object["hint"], "run as root");
}

TEST_F(LogTest, LevelsAreReadByName) {
  log::Level level = log::Level::kInfo;
  EXPECT_TRUE(log::parse_level("error", level));
  EXPECT_EQ(level, log::Level::kError);
  EXPECT_FALSE(log::parse_level("loud", level));
  EXPECT_EQ(level, log::Level::kError);
  (void)written();
}

}  // namespace
}  // namespace smc
