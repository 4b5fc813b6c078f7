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

json fortio() {
  const auto text = read_file(SMC_TEST_DIR "/smc-bench/fortio.json", 1 << 20);
  return json::parse(text ? *text : "");
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
  const auto read = parse_results(fortio().dump(), "fortio.json");
  ASSERT_TRUE(read) << read.error().what;
  const RunResult& run = read->front();
  EXPECT_EQ(run.program, "fortio");
  EXPECT_EQ(run.target, "http://fortioserver:8080/echo");
  EXPECT_EQ(run.asked_rate, 100'000);
  EXPECT_DOUBLE_EQ(run.rate, 1'237'000 / 30.001) << "without the 35 that failed";
  EXPECT_DOUBLE_EQ(run.seconds, 30.001);
  EXPECT_EQ(run.connections, 64u);
  EXPECT_EQ(run.requests, 1'237'000u);
  EXPECT_THAT(run.errors,
              ElementsAre(testing::Pair("connection", 3u), testing::Pair("status 503", 32u)));
  EXPECT_FALSE(run.held_rate());
}

// Its histogram has both, and another one those that failed alone.
TEST(RunResult, FortiosFailedRequestsHaveNoPartInTheLatencies) {
  const json all = fortio();
  const RunResult run = parse_results(all.dump(), "a.json")->front();
  EXPECT_NEAR(run.service.mean_ms, (1.5 * 1'237'035 - 10 * 35) / 1'237'000, 1e-9);
  std::uint64_t count = 0;
  for (const Bucket& bucket : run.service.buckets) count += bucket.count;
  EXPECT_EQ(count, 1'237'000u);
  EXPECT_EQ(run.service.buckets.back().count, 703u - 32);
  EXPECT_NEAR(run.service.percentiles.at(99.9), 3.96, 0.05);
}

TEST(RunResult, FortiosPercentilesAreItsOwnWhereNoRequestFailed) {
  json all = fortio();
  all["RetCodes"] = {{"200", 1'237'035}};
  // As fortio writes a histogram of nothing.
  all["ErrorsDurationHistogram"] = {{"Count", 0}, {"Min", 0},    {"Max", 0},       {"Sum", 0},
                                    {"Avg", 0},   {"StdDev", 0}, {"Data", nullptr}};
  for (const bool has_histogram : {true, false}) {
    if (!has_histogram) all.erase("ErrorsDurationHistogram");  // of older versions
    const auto read = parse_results(all.dump(), "a.json");
    ASSERT_TRUE(read) << read.error().what;
    const RunResult& run = read->front();
    EXPECT_DOUBLE_EQ(run.rate, 41'234.5);
    EXPECT_DOUBLE_EQ(run.service.mean_ms, 1.5);
    EXPECT_DOUBLE_EQ(run.service.percentiles.at(50), 1.4) << "as fortio says it";
    EXPECT_NEAR(run.service.percentiles.at(99.9), 3.96, 0.05) << "not asked for: its buckets";
  }
}

TEST(ProofAlone, WhatIsWrittenIsReadAgain) {
  const Proof written = *sample_result().proof;
  const auto read = parse_proof(to_json(written), "p");
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(to_json(*read), to_json(written));
  EXPECT_FALSE(parse_proof("[]", "p"));
  EXPECT_FALSE(parse_proof("{", "p"));
  const auto foreign = parse_proof("{}", "p");
  ASSERT_FALSE(foreign);
  EXPECT_THAT(foreign.error().what, HasSubstr("p: no member samples"));
}

TEST(RunResult, FortiosMaximalRateIsNoLimit) {
  json run = fortio();
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
