// `smc-node-init pod`, its step 6: the self-test, and what its verdicts lead to.
#include <algorithm>
#include <cerrno>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "node-init/pod/pod.h"
#include "test/node-init/pod/pod_fixture.h"

namespace smc::node {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

using PodStepTest = test::PodTest;

TEST_F(PodStepTest, FallingBackIsAFailureInWords) {
  // What another pod does to the node between two steps.
  system_.before("new namespace", [&] { system_.devices[0].ports[0].active = false; });
  const PodStep last = expect_failure(ExitCode::kFellBack, "self-test");
  EXPECT_THAT(last.text, HasSubstr("0x03030000 (no RDMA device"));
}

TEST_F(PodStepTest, ADeviceThatGoesAwayBeforeTheTestIsAFailureOfTheTest) {
  system_.before("new namespace", [&] {
    system_.devices.clear();
    system_.rdma.clear();
  });
  expect_failure(ExitCode::kFellBack, "self-test");
}

TEST_F(PodStepTest, ADeviceThatGoesAwayBetweenListAndPortsIsLeftOut) {
  system_.before("RDMA PORT_GET", [&] { system_.rdma.clear(); });
  expect_failure(ExitCode::kNotPossible, "pnetid");
}

TEST_F(PodStepTest, AMissingUeidIsTheFirstThingTheHintNames) {
  system_.ueids.clear();
  EXPECT_THAT(expect_failure(ExitCode::kFellBack, "self-test").hint, HasSubstr("no UEID"));
}

TEST_F(PodStepTest, AConnectionThatNeverComesAboutIsAFailureNotAWarning) {
  system_.pair_error = Error{"connect an SMC socket", ETIMEDOUT, {}};
  expect_failure(ExitCode::kFellBack, "self-test");
}

TEST_F(PodStepTest, AConnectionThatIsResetIsTriedOnceMoreAndSaid) {
  for (const int reset : {ECONNRESET, ECONNABORTED, EPIPE}) {
    system_.fail("connect 10.9.0.11", reset);
    const PodReport report = run();
    EXPECT_EQ(report.code, ExitCode::kDone);
    EXPECT_TRUE(report.self_test && report.self_test->is_smcr);
    EXPECT_THAT(report.steps.back().text, HasSubstr("first connection was reset"));
  }
}

TEST_F(PodStepTest, ASecondResetIsAFailureAndThereIsNoThirdConnection) {
  system_.fail("connect 10.9.0.11", ECONNRESET, 3);
  EXPECT_THAT(expect_failure(ExitCode::kFellBack, "self-test").text, HasSubstr("reset"));
  EXPECT_EQ(std::count(system_.requests.begin(), system_.requests.end(), "connect 10.9.0.11"), 2);
}

TEST_F(PodStepTest, TheSecondConnectionHasOnlyTheTimeThatIsLeft) {
  system_.pair_takes = std::chrono::seconds(6);
  system_.fail("connect 10.9.0.11", ECONNABORTED, 2);
  expect_failure(ExitCode::kFellBack, "self-test");
  EXPECT_THAT(system_.pair_timeouts, ElementsAre(kSelfTestTimeout, std::chrono::seconds(9)));
}

TEST_F(PodStepTest, AutoWarnsWhereNoVerdictIsPossibleAndOnFails) {
  const struct {
    const char* what;
    int code;
    const char* text;
  } faults[] = {{"new namespace", EPERM, "make a network namespace"},
                {"DIAG", ENOENT, "list the SMC sockets"},
                {"SMC_PNETID ADD lo", EPERM, "add pnetid PNA for lo"}};
  for (const auto& fault : faults) {
    options_.self_test = SelfTestMode::kAuto;
    system_.fail(fault.what, fault.code);
    const PodReport report = run();
    EXPECT_EQ(report.code, ExitCode::kDone) << fault.what;
    EXPECT_FALSE(report.self_test) << fault.what;
    EXPECT_THAT(warnings(report), ElementsAre(HasSubstr(fault.text)));
    options_.self_test = SelfTestMode::kOn;
    system_.fail(fault.what, fault.code);
    expect_failure(ExitCode::kRefused, "self-test");
  }
}

TEST_F(PodStepTest, ExclusiveRdmaNamespacesAllowNoTest) {
  system_.rdma_shared = false;
  EXPECT_EQ(run().code, ExitCode::kDone);
  options_.self_test = SelfTestMode::kOn;
  expect_failure(ExitCode::kNotPossible, "self-test");
}

TEST_F(PodStepTest, OffMakesNoConnection) {
  options_.self_test = SelfTestMode::kOff;
  const PodReport report = run();
  EXPECT_EQ(report.code, ExitCode::kDone);
  EXPECT_EQ(report.steps.back().outcome, StepOutcome::kSkipped);
  EXPECT_THAT(system_.requests, testing::Not(testing::Contains(HasSubstr("connect"))));
}

TEST_F(PodStepTest, TheTestLeavesNothingInThePodsNamespace) {
  (void)run();
  EXPECT_THAT(system_.pod().pnet_table, testing::SizeIs(1));
  EXPECT_THAT(system_.pod().addresses, testing::SizeIs(2));
  EXPECT_FALSE(system_.namespaces.contains("scratch"));
}

}  // namespace
}  // namespace smc::node
