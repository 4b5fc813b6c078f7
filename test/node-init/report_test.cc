// What users read: the summary of `pod`, and `status`.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "node-init/diagnosis/status.h"
#include "node-init/pod/pod_report.h"
#include "test/node-init/kernel/fake_system.h"

namespace smc::node {
namespace {

using nlohmann::json;
using test::FakeSystem;
using testing::HasSubstr;

// --- the summary

PodReport failed_report(ExitCode code, const std::string& text, const std::string& hint) {
  PodReport report;
  report.code = code;
  report.steps = {{3, "pnetid", StepOutcome::kFailed, text, hint}};
  return report;
}

TEST(SummaryTest, SaysWhatWasSetUpAndVerified) {
  FakeSystem system;
  system.pod().sysctls["/proc/sys/net/smc/tcp2smc"] = "0\n";
  const PodReport report = set_up_pod(system, {}, [](const PodStep&) {});
  const json summary = json::parse(summary_json(report, OnFailure::kFail, false));
  EXPECT_EQ(summary["result"], "verified");
  EXPECT_EQ(summary["exitCode"], 0);
  EXPECT_EQ(summary["pnetid"], "PNA");
  EXPECT_EQ(summary["interface"], "eth0");
  EXPECT_EQ(summary["device"], "rdma0");
  EXPECT_EQ(summary["programs"], "tcp2smc");
  EXPECT_EQ(summary["selfTest"]["mode"], "SMC-R");
}

TEST(SummaryTest, WithoutASwitchSaysSoUnderFailAndUnderFallback) {
  FakeSystem system;
  const PodReport report = set_up_pod(system, {}, [](const PodStep&) {});
  for (const OnFailure on_failure : {OnFailure::kFail, OnFailure::kFallback}) {
    const json summary = json::parse(summary_json(report, on_failure, false));
    EXPECT_EQ(summary["result"], "not_switched");
    EXPECT_EQ(summary["exitCode"], on_failure == OnFailure::kFail ? 2 : 0);
    EXPECT_EQ(summary["step"], "switch");
    EXPECT_FALSE(summary.contains("selfTest"));
  }
}

TEST(SummaryTest, ProgramsThatAskAreVerifiedAsSuch) {
  FakeSystem system;
  PodOptions options;
  options.programs = Programs::kAsk;
  const PodReport report = set_up_pod(system, options, [](const PodStep&) {});
  const json summary = json::parse(summary_json(report, OnFailure::kFail, false));
  EXPECT_EQ(summary["result"], "verified");
  EXPECT_EQ(summary["programs"], "ask");
}

TEST(SummaryTest, FallbackTurnsTwoToFourIntoZeroAndKeepsTheReason) {
  for (const ExitCode code : {ExitCode::kNotPossible, ExitCode::kRefused, ExitCode::kFellBack}) {
    const PodReport report = failed_report(code, "the reason", "the hint");
    EXPECT_EQ(final_code(report, OnFailure::kFail), code);
    EXPECT_EQ(final_code(report, OnFailure::kFallback), ExitCode::kDone);
    const json kept = json::parse(summary_json(report, OnFailure::kFail, false));
    EXPECT_EQ(kept["result"], "failed");
    EXPECT_EQ(kept["exitCode"], exit_status(code));
    const json fallen_back = json::parse(summary_json(report, OnFailure::kFallback, false));
    EXPECT_EQ(fallen_back["result"], "fallback");
    EXPECT_EQ(fallen_back["exitCode"], 0);
    EXPECT_EQ(fallen_back["cause"], kept["cause"]);
    EXPECT_EQ(fallen_back["step"], "pnetid");
    EXPECT_EQ(fallen_back["reason"], "the reason");
    EXPECT_EQ(fallen_back["hint"], "the hint");
  }
}

TEST(SummaryTest, HoldsAtMostFourThousandBytesWhateverTheReportHolds) {
  for (const char* piece : {"x", "\"", "\n", "\xf0\x9f\x98\x80", "\xff", "\\"}) {
    std::string text;
    while (text.size() < 10'000) text += piece;
    PodReport report = failed_report(ExitCode::kRefused, text, text);
    report.pnetid = report.pnetid_reason = report.interface = text;
    report.address = report.device = report.programs = text;
    report.self_test = SelfTestResult{};
    const PodStep failed = report.steps.back();
    report.steps.assign(50, {3, "devices", StepOutcome::kWarning, text, text});
    report.steps.push_back(failed);
    const std::string summary = summary_json(report, OnFailure::kFail, false);
    EXPECT_LE(summary.size(), kMaxSummaryBytes) << piece;
    const json parsed = json::parse(summary);
    EXPECT_FALSE(parsed["reason"].get<std::string>().empty());
    EXPECT_GT(parsed["warningsLeftOut"], 0);
  }
}

TEST(StepLineTest, HasItsNumberOutcomeAndHint) {
  const PodStep step{4, "interface", StepOutcome::kFailed, "there is none", "name one"};
  EXPECT_EQ(step_line(step), "4 interface   FAILED   there is none\n  hint: name one");
}

// --- status

TEST(StatusTest, ShowsSocketsWithModePeerAndReason) {
  FakeSystem system;
  system.smc_loaded = true;
  SmcSocket socket;
  socket.state = SocketState::kActive;
  socket.mode = SocketMode::kTcp;
  socket.local_address = "10.9.0.11";
  socket.local_port = 40000;
  socket.peer_address = "10.9.0.12";
  socket.peer_port = 80;
  socket.fallback_reason = 0x03010000;
  system.pod().sockets = {socket};
  system.pod().fallbacks = {1, 0, {{Side::kClient, 0x03010000, 1}}};
  const auto status = read_status(system);
  ASSERT_TRUE(status);
  const std::string text = status_text(*status);
  EXPECT_THAT(text, HasSubstr("10.9.0.12:80"));
  EXPECT_THAT(text, HasSubstr("0x03010000 (the peer does not speak SMC"));
  EXPECT_THAT(text, HasSubstr("rdma0 port 1: active, pnetid PNA"));
  const json parsed = json::parse(status_json(*status));
  EXPECT_EQ(parsed["sockets"][0]["mode"], "TCP");
  EXPECT_EQ(parsed["sockets"][0]["reason"], "0x03010000");
  EXPECT_EQ(parsed["fallbacks"]["reasons"][0]["side"], "client");
  EXPECT_EQ(parsed["ueids"][0], "SMCV2-TEST");
  EXPECT_EQ(parsed["switch"]["kind"], "none");
}

TEST(StatusTest, SaysWhichSwitchIsInForce) {
  FakeSystem system;
  system.smc_loaded = true;
  system.offer_bpf_switch();
  system.switched_by_bpf = [](std::uint64_t) { return true; };
  const auto bpf = read_status(system);
  ASSERT_TRUE(bpf);
  EXPECT_THAT(status_text(*bpf), HasSubstr("the agent's (BPF), on"));
  EXPECT_EQ(json::parse(status_json(*bpf))["switch"], json({{"kind", "bpf"}, {"on", true}}));
  system.pod().sysctls["/proc/sys/net/smc/tcp2smc"] = "0\n";
  EXPECT_THAT(status_text(*read_status(system)), HasSubstr("net.smc.tcp2smc, off"));
}

TEST(StatusTest, WhatTheKernelDoesNotTellIsSaidAndTheRestShown) {
  FakeSystem system;
  system.smc_loaded = true;
  system.fail("DIAG", ENOENT);
  const auto status = read_status(system);
  ASSERT_TRUE(status);
  EXPECT_THAT(status_text(*status), HasSubstr("not known: list the SMC sockets"));
  EXPECT_EQ(json::parse(status_json(*status))["missing"].size(), 1u);
}

TEST(StatusTest, WithoutSmcItIsAnErrorAndLoadsNothing) {
  FakeSystem system;
  const auto status = read_status(system);
  ASSERT_FALSE(status);
  EXPECT_FALSE(status.error().hint.empty());
  EXPECT_FALSE(system.smc_loaded);
}

}  // namespace
}  // namespace smc::node
