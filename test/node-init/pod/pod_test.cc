// `smc-node-init pod`: the order of its writes, that it can be run again whatever happened before,
// and that it bears whatever the kernel does.
#include "node-init/pod/pod.h"

#include <algorithm>
#include <cerrno>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/node-init/kernel/netlink_bytes.h"
#include "test/node-init/pod/pod_fixture.h"

namespace smc::node {
namespace {

using test::FakeSystem;
using test::kSelfTestWrites;
using test::kSwitch;
using test::PodTest;
using test::with_self_test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(PodTest, SetsTheEntryThenTheSwitchThenTests) {
  const PodReport report = run();
  EXPECT_EQ(report.code, ExitCode::kDone);
  EXPECT_EQ(system_.writes,
            with_self_test({"SMC_PNETID ADD eth0=PNA", std::string("write ") + kSwitch + " = 1"}));
  EXPECT_THAT(system_.pod().pnet_table, ElementsAre(PnetEntry{"PNA", "eth0", {}, 0}));
  ASSERT_TRUE(report.self_test);
  EXPECT_TRUE(report.self_test->is_smcr);
  EXPECT_EQ(report.self_test->device, "rdma0");
  EXPECT_EQ(report.programs, "tcp2smc");
}

TEST_F(PodTest, ReportsTheStepsInTheirOrder) {
  std::vector<int> numbers;
  for (const PodStep& step : run().steps) numbers.push_back(step.number);
  EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end()));
  EXPECT_EQ(numbers.front(), 1);
  EXPECT_EQ(numbers.back(), 6);
}

TEST_F(PodTest, ASecondRunChangesNothing) {
  options_.rmem = 131072;
  options_.disable_ipv6 = true;
  (void)run();
  system_.writes.clear();
  const PodReport report = run();
  EXPECT_EQ(report.code, ExitCode::kDone);
  EXPECT_EQ(system_.writes, kSelfTestWrites);  // in the namespace of the test's own
}

TEST_F(PodTest, KilledAnywhereAndRunAgainItEndsTheSame) {
  system_.pod().pnet_table = {{"OLD", "eth0", {}, 0}};
  options_.wmem = 131072;
  options_.disable_ipv6 = true;
  FakeSystem undisturbed = system_;
  (void)set_up_pod(undisturbed, options_, [](const PodStep&) {});
  const FakeSystem fresh = system_;
  const auto writes = static_cast<int>(undisturbed.writes.size());
  ASSERT_GT(writes, 5);
  for (int at = 0; at < writes; ++at) {
    system_ = fresh;
    system_.kill_at(at);
    EXPECT_THROW((void)run(), test::Killed);
    system_.enter("pod");
    EXPECT_EQ(run().code, ExitCode::kDone) << at;
    EXPECT_EQ(system_.pod().pnet_table, undisturbed.pod().pnet_table) << at;
    EXPECT_EQ(system_.pod().sysctls, undisturbed.pod().sysctls) << at;
  }
}

TEST_F(PodTest, ADryRunWritesNothingAndLoadsNothing) {
  options_.dry_run = true;
  options_.rmem = 131072;
  for (const bool loaded : {false, true}) {
    system_.smc_loaded = loaded;
    EXPECT_EQ(run().code, ExitCode::kDone);
    EXPECT_THAT(system_.writes, IsEmpty());
    EXPECT_EQ(system_.smc_loaded, loaded);
  }
}

TEST_F(PodTest, ADryRunNamesWhatItWouldDo) {
  options_.dry_run = true;
  system_.smc_loaded = true;
  system_.pod().pnet_table = {{"STALE", "eth0", {}, 0}};
  std::vector<std::string> planned;
  for (const PodStep& step : run().steps)
    if (step.outcome == StepOutcome::kPlanned) planned.push_back(step.text);
  EXPECT_THAT(planned, ElementsAre(HasSubstr("correct eth0 = PNA"), HasSubstr(kSwitch),
                                   HasSubstr("10.9.0.11")));
}

TEST_F(PodTest, WhateverRequestFailsTheReportNamesAStepAndAHint) {
  FakeSystem undisturbed = system_;
  (void)set_up_pod(undisturbed, options_, [](const PodStep&) {});
  const FakeSystem fresh = system_;
  for (const std::string& request : undisturbed.requests) {
    for (const int code : {EPERM, ENOMEM, ENOBUFS, EIO}) {
      system_ = fresh;
      system_.fail(request, code, 100);
      const PodReport report = run();
      if (report.code == ExitCode::kDone) continue;
      EXPECT_FALSE(report.steps.back().text.empty()) << request;
      EXPECT_FALSE(report.steps.back().hint.empty()) << request;
    }
  }
}

TEST_F(PodTest, WhateverAnswerIsGarbageNothingBreaks) {
  FakeSystem undisturbed = system_;
  (void)set_up_pod(undisturbed, options_, [](const PodStep&) {});
  const FakeSystem fresh = system_;
  for (const std::string& request : undisturbed.requests) {
    if (request.starts_with("write ") || request.starts_with("read ")) continue;
    for (const std::string& garbage :
         {std::string("x"), std::string(16, '\0'), std::string(64, '\xff'),
          test::message(0x22, "short") + test::done(), test::done(), test::ack()}) {
      system_ = fresh;
      system_.replay(request, {garbage}, 100);
      const PodReport report = run();
      EXPECT_FALSE(report.steps.empty());
    }
  }
}

}  // namespace
}  // namespace smc::node
