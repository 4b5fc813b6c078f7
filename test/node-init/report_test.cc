// What users read: the summary of `pod`, the table of `check`, `status`, and the fallback codes.
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "node-init/diagnosis/checks.h"
#include "node-init/diagnosis/status.h"
#include "node-init/kernel/fallback_codes.h"
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
  const PodReport report = set_up_pod(system, {}, [](const PodStep&) {});
  const json summary = json::parse(summary_json(report, OnFailure::kFail, false));
  EXPECT_EQ(summary["result"], "verified");
  EXPECT_EQ(summary["exitCode"], 0);
  EXPECT_EQ(summary["pnetid"], "PNA");
  EXPECT_EQ(summary["interface"], "eth0");
  EXPECT_EQ(summary["device"], "rdma0");
  EXPECT_EQ(summary["programs"], "ask");
  EXPECT_EQ(summary["selfTest"]["mode"], "SMC-R");
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
  EXPECT_EQ(step_line(step), "4 interface   FAILED   there is none hint: name one");
}

// --- the checks

class ChecksTest : public testing::Test {
 protected:
  void SetUp() override {
    system_.smc_loaded = true;
    system_.pod().sysctls["/proc/sys/net/smc/tcp2smc"] = "1\n";
    system_.pod().pnet_table = {{"PNA", "eth0", {}, 0}};
    system_.files["/proc/self/uid_map"] = "         0          0 4294967295\n";
    system_.files["/proc/self/status"] = "Name:\tx\nCapEff:\t000001ffffffffff\n";
  }
  CheckResult result_of(const std::string& name) {
    for (CheckResult& result : run_checks(system_, {}, namespace_checks()))
      if (result.name == name) return result;
    ADD_FAILURE() << "no check " << name;
    return {};
  }
  void expect(const std::string& name, Verdict verdict, const std::string& finding) {
    const CheckResult result = result_of(name);
    EXPECT_EQ(verdict_name(result.verdict), verdict_name(verdict)) << result.finding;
    EXPECT_THAT(result.finding, HasSubstr(finding));
    EXPECT_EQ(result.hint.empty(), verdict == Verdict::kPass) << result.hint;
  }

  FakeSystem system_;
};

TEST_F(ChecksTest, WhereAllIsSetUpEveryOnePasses) {
  const auto results = run_checks(system_, {}, namespace_checks());
  EXPECT_EQ(overall(results), Verdict::kPass) << checks_table(results);
}

TEST_F(ChecksTest, ChangeNothingAndLoadNothing) {
  system_.smc_loaded = false;
  (void)run_checks(system_, {}, namespace_checks());
  EXPECT_FALSE(system_.smc_loaded);
  EXPECT_THAT(system_.writes, testing::IsEmpty());
}

TEST_F(ChecksTest, WithoutSmcOneCheckFailsAndThoseThatNeedItAreNotKnown) {
  system_.smc_loaded = false;
  expect("smc", Verdict::kFail, "not loaded");
  expect("pnetid", Verdict::kWarn, "not known");
  expect("ueid", Verdict::kWarn, "not known");
  expect("interface", Verdict::kPass, "10.9.0.11");
}

TEST_F(ChecksTest, AMissingOrStalePnetidFails) {
  system_.pod().pnet_table.clear();
  expect("pnetid", Verdict::kFail, "eth0 has no pnetid");
  system_.pod().pnet_table = {{"OLD", "eth0", {}, 0}};
  expect("pnetid", Verdict::kFail, "no active RDMA port");
}

TEST_F(ChecksTest, ADeviceThatIsDownOrNamelessOrAnRnicFails) {
  system_.devices[0].ports[0].active = false;
  expect("device pnetid", Verdict::kFail, "rdma0 port 1: down");
  system_.devices[0].ports[0] = {1, "", false, 2, true};
  expect("device pnetid", Verdict::kFail, "no pnetid");
  system_.rdma[0].is_ib_ca = false;
  expect("rdma device", Verdict::kFail, "RNIC");
  system_.rdma.clear();
  expect("rdma device", Verdict::kFail, "no RDMA device");
}

TEST_F(ChecksTest, NoUeidFailsUnlessThePortCanDoVersion1) {
  system_.ueids.clear();
  expect("ueid", Verdict::kFail, "none");
  const std::string types = "/sys/class/infiniband/rdma0/ports/1/gid_attrs/types";
  system_.directories[types] = {"0", "1"};
  system_.files[types + "/1"] = "IB/RoCE v1\n";
  expect("ueid", Verdict::kWarn, "version 1");
}

TEST_F(ChecksTest, ASwitchThatIsOffFailsAndAKernelWithoutOneWarns) {
  system_.pod().sysctls["/proc/sys/net/smc/tcp2smc"] = "0\n";
  expect("switch", Verdict::kFail, "is 0");
  system_.pod().sysctls.erase("/proc/sys/net/smc/tcp2smc");
  expect("switch", Verdict::kWarn, "no switch");
}

TEST_F(ChecksTest, TheNodesNamespaceAndMissingPrivilegeWarn) {
  system_.files["/proc/self/status"] = "CapEff:\t0000000000000000\n";
  expect("privilege", Verdict::kWarn, "CAP_NET_ADMIN");
  system_.files["/proc/self/uid_map"] = "0 100000 65536\n";
  expect("privilege", Verdict::kWarn, "user namespace");
  system_.enter("node");
  expect("namespace", Verdict::kWarn, "node's own");
}

TEST_F(ChecksTest, FallbacksNameTheReasonThatTellsMost) {
  system_.pod().fallbacks = {
      9, 9, {{Side::kServer, 0x05000000, 9}, {Side::kClient, 0x03010000, 2}}};
  expect("fallbacks", Verdict::kWarn, "18 connections fell back to TCP, most for 0x03010000");
}

TEST_F(ChecksTest, WhateverRequestFailsNoCheckLacksItsHint) {
  FakeSystem undisturbed = system_;
  (void)run_checks(undisturbed, {}, namespace_checks());
  const FakeSystem fresh = system_;
  for (const std::string& request : undisturbed.requests) {
    system_ = fresh;
    system_.fail(request, EIO, 100);
    for (const CheckResult& result : run_checks(system_, {}, namespace_checks()))
      EXPECT_EQ(result.hint.empty(), result.verdict == Verdict::kPass)
          << request << ": " << result.name;
  }
}

TEST_F(ChecksTest, JsonHasTheSameResultsAsTheTable) {
  system_.pod().pnet_table.clear();
  const auto results = run_checks(system_, {}, namespace_checks());
  const json parsed = json::parse(checks_json(results));
  EXPECT_EQ(parsed["verdict"], "FAIL");
  ASSERT_EQ(parsed["checks"].size(), results.size());
  const std::string table = checks_table(results);
  for (std::size_t i = 0; i < results.size(); ++i) {
    EXPECT_EQ(parsed["checks"][i]["name"], results[i].name);
    EXPECT_EQ(parsed["checks"][i]["verdict"], verdict_name(results[i].verdict));
    EXPECT_THAT(table, HasSubstr(results[i].finding));
  }
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

// --- fallback codes

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
  }
  EXPECT_EQ(known, kernel);
  EXPECT_EQ(names.size(), kernel.size());
  EXPECT_EQ(find_fallback_code(0x0badc0de), nullptr);
}

TEST(FallbackCodesTest, AreReadAsPeopleHaveThem) {
  const CodePair one{0x03010000, std::nullopt};
  for (const char* text : {"03010000", "0x03010000", "0X3010000", "3010000"})
    EXPECT_EQ(parse_fallback_codes(text), one) << text;
  EXPECT_EQ(parse_fallback_codes("030a0000"), (CodePair{0x030a0000, std::nullopt}));
  EXPECT_EQ(parse_fallback_codes("0x05000000/03030000"), (CodePair{0x05000000, 0x03030000}));
  for (const char* bad : {"", "/", "0x", "x", "0x1g", "123456789", "1/", "/1", "1/2/3", "-1", " 1"})
    EXPECT_EQ(parse_fallback_codes(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace smc::node
