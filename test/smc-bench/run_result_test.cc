// Results as JSON: what is written is read again, fortio's is understood, all else is refused with
// the place of the fault.
#include "bench/run_result.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "test/smc-bench/sample.h"

namespace smc::bench {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

std::string why_not(const std::string& text) {
  const auto parsed = parse_results(text, "a.json");
  EXPECT_FALSE(parsed) << text;
  return parsed ? "" : parsed.error().what;
}

TEST(RunResult, WhatIsWrittenIsReadAgain) {
  const RunResult written = sample_result();
  const auto read = parse_results(to_json(written), "a.json");
  ASSERT_TRUE(read) << read.error().what;
  ASSERT_EQ(read->size(), 1u);
  EXPECT_EQ(json::parse(to_json(read->front())), json::parse(to_json(written)));
}

TEST(RunResult, RoundsAreAnArray) {
  const std::string one = to_json(sample_result());
  const auto read = parse_results("[" + one + "," + one + "]", "a.json");
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->size(), 2u);
}

TEST(RunResult, FortiosIsReadInMillisecondsAndSeconds) {
  const auto text = read_file(SMC_TEST_DIR "/smc-bench/fortio.json", 1 << 20);
  ASSERT_TRUE(text);
  const auto read = parse_results(*text, "fortio.json");
  ASSERT_TRUE(read) << read.error().what;
  const RunResult& run = read->front();
  EXPECT_EQ(run.program, "fortio");
  EXPECT_EQ(run.target, "http://fortioserver:8080/echo");
  EXPECT_EQ(run.asked_rate, 100'000);
  EXPECT_DOUBLE_EQ(run.rate, 41'234.5);
  EXPECT_DOUBLE_EQ(run.seconds, 30.001);
  EXPECT_EQ(run.connections, 64u);
  EXPECT_EQ(run.requests, 1'237'000u);
  EXPECT_THAT(run.errors,
              ElementsAre(testing::Pair("connection", 3u), testing::Pair("status 503", 32u)));
  EXPECT_DOUBLE_EQ(run.service.mean_ms, 1.5);
  EXPECT_DOUBLE_EQ(run.service.percentiles.at(50), 1.4) << "as fortio says it";
  EXPECT_NEAR(run.service.percentiles.at(99.9), 3.96, 0.05) << "fortio was not asked: its buckets";
  EXPECT_FALSE(run.held_rate());
}

TEST(RunResult, FortiosMaximalRateIsNoLimit) {
  const auto text = read_file(SMC_TEST_DIR "/smc-bench/fortio.json", 1 << 20);
  json run = json::parse(*text);
  run["RequestedQPS"] = "max";
  EXPECT_EQ(parse_results(run.dump(), "a.json")->front().asked_rate, 0);
}

TEST(RunResult, WhatIsNoResultIsRefusedWithItsPlace) {
  EXPECT_THAT(why_not("{"), HasSubstr("a.json is no JSON"));
  EXPECT_THAT(why_not("[]"), HasSubstr("holds no run"));
  EXPECT_THAT(why_not("7"), HasSubstr("no member program"));
  EXPECT_THAT(why_not("{}"), HasSubstr("no member program"));
  json run = json::parse(to_json(sample_result()));
  run["rate"] = "fast";
  EXPECT_THAT(why_not(run.dump()), HasSubstr("a.json: rate is of the wrong type"));
  run = json::parse(to_json(sample_result()));
  run["latency_ms"].erase("P99");
  EXPECT_THAT(why_not(run.dump()), HasSubstr("a.json: latency_ms: no member P99"));
  run = json::parse(to_json(sample_result()));
  run["requests"] = -1;
  EXPECT_THAT(why_not(run.dump()), HasSubstr("requests is of the wrong type"));
  run["requests"] = 1;
  run["seconds"] = 0.0;
  EXPECT_THAT(why_not(run.dump()), HasSubstr("a run without a duration"));
  run["seconds"] = 1.0;
  run["course"] = json::array({json::object()});
  EXPECT_THAT(why_not(run.dump()), HasSubstr("course: no member at"));
}

TEST(RunResult, EachMemberThatIsMissingIsNoticed) {
  const json whole = json::parse(to_json(sample_result()));
  for (const auto& [name, value] : whole.items()) {
    json run = whole;
    run.erase(name);
    if (name == "proof")
      EXPECT_TRUE(parse_results(run.dump(), "a.json")) << "a run that was not watched";
    else
      EXPECT_THAT(why_not(run.dump()), HasSubstr(name));
  }
}

TEST(Proof, IsSmcOnlyWithoutADoubtAndAfterALook) {
  Proof proof;
  EXPECT_FALSE(proof.smc_r()) << "nobody looked";
  EXPECT_EQ(proof.mode(), "tcp");
  proof.samples = 3;
  proof.modes = {{"smc-r", 64}};
  EXPECT_EQ(proof.mode(), "smc-r");
  proof.doubts = {"1 of 64 connections were not SMC-R"};
  EXPECT_EQ(proof.mode(), "mixed");
}

TEST(RunResult, ARateIsHeldToOnePercent) {
  RunResult run;
  run.asked_rate = 1000;
  run.rate = 990;
  EXPECT_TRUE(run.held_rate());
  run.rate = 989;
  EXPECT_FALSE(run.held_rate());
  run.asked_rate = 0;
  EXPECT_FALSE(run.held_rate()) << "without a limit there is none to hold";
}

}  // namespace
}  // namespace smc::bench
