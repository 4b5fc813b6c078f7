// `smc-node-init pod`, its step 5: parameters, and the switch, the kernel's or the agent's.
#include <algorithm>
#include <cerrno>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "node-init/pod/pod.h"
#include "test/node-init/pod/pod_fixture.h"

namespace smc::node {
namespace {

using test::kSwitch;
using test::with_self_test;
using testing::Contains;
using testing::HasSubstr;

using PodStepTest = test::PodTest;

TEST_F(PodStepTest, WithoutTheSwitchItIsNotPossibleAndNothingIsCalledVerified) {
  system_.pod().sysctls.erase(kSwitch);
  const PodStep last = expect_failure(ExitCode::kNotPossible, "switch");
  EXPECT_THAT(last.text, HasSubstr("net.smc.tcp2smc"));
  EXPECT_THAT(last.hint, HasSubstr("--programs=ask"));
  EXPECT_FALSE(run().self_test);
  EXPECT_TRUE(run().not_switched);
  EXPECT_THAT(system_.requests, testing::Not(testing::Contains(HasSubstr("connect"))));
}

TEST_F(PodStepTest, ProgramsThatAskNeedNoSwitchAndGetNone) {
  options_.programs = Programs::kAsk;
  for (const bool there : {true, false}) {
    if (!there) system_.pod().sysctls.erase(kSwitch);
    const PodReport report = run();
    EXPECT_EQ(report.code, ExitCode::kDone);
    EXPECT_EQ(report.programs, "ask");
    EXPECT_FALSE(report.not_switched);
    ASSERT_TRUE(report.self_test);
    EXPECT_TRUE(report.self_test->is_smcr);
  }
  EXPECT_THAT(system_.writes, testing::Not(testing::Contains(HasSubstr("tcp2smc"))));
}

TEST_F(PodStepTest, ReadOnlyProcSysIsRefusedWithAHint) {
  system_.fail(std::string("write ") + kSwitch, EROFS);
  const PodStep last = expect_failure(ExitCode::kRefused, "switch");
  EXPECT_THAT(last.hint, HasSubstr("read-only"));
}

TEST_F(PodStepTest, OnReadOnlyProcSysWhatIsRightAlreadyIsNoFailure) {
  system_.pod().sysctls[kSwitch] = "1\n";
  system_.fail("write ", EROFS, 100);
  EXPECT_EQ(run().code, ExitCode::kDone);
}

TEST_F(PodStepTest, WritesTheParametersThatWereGivenAndNoOther) {
  options_.rmem = 131072;
  options_.smcr_buf_type = 2;
  options_.disable_ipv6 = true;
  (void)run();
  EXPECT_EQ(system_.writes,
            with_self_test({"SMC_PNETID ADD eth0=PNA", std::string("write ") + kSwitch + " = 1",
                            "write /proc/sys/net/smc/rmem = 131072",
                            "write /proc/sys/net/smc/smcr_buf_type = 2",
                            "write /proc/sys/net/ipv6/conf/eth0/disable_ipv6 = 1"}));
}

TEST_F(PodStepTest, AParameterThatThisKernelLacksIsNotPossible) {
  system_.pod().sysctls.erase("/proc/sys/net/smc/rmem");
  options_.rmem = 131072;
  expect_failure(ExitCode::kNotPossible, "parameters");
}

TEST_F(PodStepTest, AParameterTheKernelRefusesIsRefused) {
  options_.rmem = 131072;
  system_.fail("write /proc/sys/net/smc/rmem", EINVAL);
  expect_failure(ExitCode::kRefused, "parameters");
}

TEST_F(PodStepTest, WithoutIpv6ThereIsNothingToDisable) {
  system_.pod().sysctls.erase("/proc/sys/net/ipv6/conf/eth0/disable_ipv6");
  options_.disable_ipv6 = true;
  EXPECT_EQ(run().code, ExitCode::kDone);
}

// --- the agent's BPF switch

class BpfPodTest : public test::PodTest {
 protected:
  class List final : public SwitchList {
   public:
    Result<void> add_this_namespace() override {
      if (refusal) return *refusal;
      added = true;
      return {};
    }
    std::optional<Error> refusal;
    bool added = false;
  };

  void SetUp() override {
    system_.offer_bpf_switch();
    system_.switched_by_bpf = [this](std::uint64_t) { return list_.added; };
  }

  List list_;
};

TEST_F(BpfPodTest, ThePodDoesTheRestAndWaitsForTheAgent) {
  options_.agent_wait = std::chrono::seconds(10);
  const auto begin = system_.now();
  system_.switched_by_bpf = [&](std::uint64_t) {
    return system_.now() - begin >= std::chrono::seconds(3);
  };
  const PodReport report = run();
  EXPECT_EQ(report.code, ExitCode::kDone);
  EXPECT_EQ(report.programs, "bpf");
  EXPECT_TRUE(report.self_test);
  EXPECT_EQ(report.steps.back().name, "switch") << "it is waited for last";
  EXPECT_THAT(system_.writes, Contains("SMC_PNETID ADD eth0=PNA"));
}

TEST_F(BpfPodTest, AnAgentThatDoesNotComeIsAFailureThatSaysWhereToLook) {
  options_.agent_wait = std::chrono::seconds(10);
  options_.node = "node-1";
  const PodStep last = expect_failure(ExitCode::kNotPossible, "switch");
  EXPECT_THAT(last.text, HasSubstr("within 10 s"));
  EXPECT_THAT(last.hint, HasSubstr("node-1"));
  EXPECT_TRUE(run().not_switched);
}

TEST_F(BpfPodTest, ANamespaceThatIsOnAlreadyIsNotWaitedFor) {
  list_.added = true;
  const auto begin = system_.now();
  EXPECT_EQ(run().code, ExitCode::kDone);
  EXPECT_LT(system_.now() - begin, std::chrono::seconds(1));
}

TEST_F(BpfPodTest, TheAgentPutsItOnTheListAfterTheSelfTestAndLooks) {
  options_.test_first = true;
  options_.switch_list = &list_;
  EXPECT_EQ(run().code, ExitCode::kDone);
  EXPECT_TRUE(list_.added);
  list_.added = false;
  system_.ueids.clear();
  EXPECT_EQ(run().code, ExitCode::kFellBack);
  EXPECT_FALSE(list_.added);
}

TEST_F(BpfPodTest, ARefusalOfTheListIsTheStepsFailure) {
  options_.switch_list = &list_;
  list_.refusal = Error{"the list is full", 0, "fewer pods"};
  EXPECT_EQ(expect_failure(ExitCode::kRefused, "switch").hint, "fewer pods");
}

TEST_F(BpfPodTest, ASocketThatStaysTcpIsAFailureWhateverTheListSays) {
  options_.switch_list = &list_;
  system_.switched_by_bpf = {};
  EXPECT_THAT(expect_failure(ExitCode::kRefused, "switch").text, HasSubstr("none of SMC's"));
}

TEST_F(BpfPodTest, ADryRunPlansItAndDoesNotWait) {
  options_.dry_run = true;
  system_.smc_loaded = true;
  const PodReport report = run();
  EXPECT_EQ(report.code, ExitCode::kDone);
  const auto step = std::ranges::find(report.steps, "switch", &PodStep::name);
  ASSERT_NE(step, report.steps.end());
  EXPECT_EQ(step->outcome, StepOutcome::kPlanned);
  EXPECT_FALSE(list_.added);
}

TEST_F(BpfPodTest, TheChoiceOfASwitchIsKept) {
  list_.added = true;
  for (const SwitchChoice choice : {SwitchChoice::kNone, SwitchChoice::kTcp2smc}) {
    options_.program_switch = choice;
    EXPECT_TRUE(run().not_switched);
  }
  system_.pod().sysctls[kSwitch] = "0\n";
  options_.program_switch = SwitchChoice::kAuto;
  EXPECT_EQ(run().programs, "tcp2smc") << "the kernel's own comes first";
  options_.program_switch = SwitchChoice::kBpf;
  EXPECT_EQ(run().programs, "bpf");
}

}  // namespace
}  // namespace smc::node
