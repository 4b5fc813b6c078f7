// `smc-node-init pod` step by step: what each looks at, and what its failures lead to.
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
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using PodStepTest = test::PodTest;

// --- step 1

TEST_F(PodStepTest, RefusesTheNodesOwnNamespaceBeforeAnythingElse) {
  system_.enter("node");
  const PodStep last = expect_failure(ExitCode::kNotPossible, "namespace");
  EXPECT_THAT(last.hint, HasSubstr("--allow-host-network"));
  EXPECT_THAT(system_.writes, IsEmpty());
  EXPECT_FALSE(system_.smc_loaded);
}

TEST_F(PodStepTest, WorksInTheNodesOwnNamespaceWhenTold) {
  system_.enter("node");
  options_.allow_host_network = true;
  EXPECT_EQ(run().code, ExitCode::kDone);
}

TEST_F(PodStepTest, WithoutProcItCannotTellTheNamespaceAndRefuses) {
  system_.pod().sysctls.clear();
  expect_failure(ExitCode::kNotPossible, "namespace");
}

// --- step 2

TEST_F(PodStepTest, AKernelWithoutSmcIsNotPossible) {
  system_.smc_available = false;
  const PodStep last = expect_failure(ExitCode::kNotPossible, "smc");
  EXPECT_THAT(last.hint, HasSubstr("5.10.134-17.3"));
}

TEST_F(PodStepTest, From618OnTheHintNamesWhatSmcDependsOn) {
  system_.smc_available = false;
  for (const char* release : {"6.18.15+deb14-amd64", "7.2.13+deb14-amd64"}) {
    system_.pod().sysctls["/proc/sys/kernel/osrelease"] = std::string(release) + "\n";
    const PodStep last = expect_failure(ExitCode::kNotPossible, "smc");
    EXPECT_THAT(last.text, HasSubstr(release));
    EXPECT_THAT(last.hint, HasSubstr("CONFIG_DIBS"));
  }
}

class DryRunWithoutSmc : public PodStepTest {
 protected:
  void SetUp() override {
    PodStepTest::SetUp();
    options_.dry_run = true;
    system_.pod().sysctls["/proc/sys/kernel/osrelease"] = "7.2.13\n";
  }
  std::string planned() {
    for (const PodStep& step : run().steps)
      if (step.number == 2 && step.outcome == StepOutcome::kPlanned) return step.text;
    return "";
  }
  const std::string others_ =
      "kernel/net/smc/smc_diag.ko: kernel/net/smc/smc.ko\nkernel/net/tls/tls.ko:\n";
};

TEST_F(DryRunWithoutSmc, AModuleThatDoesNotExistIsNotPlannedToBeLoaded) {
  // smc_diag alone, which names smc as what it needs, is no smc.
  system_.set_modules(others_, "kernel/net/core/core.ko\n");
  const PodStep last = expect_failure(ExitCode::kNotPossible, "smc");
  EXPECT_THAT(last.hint, HasSubstr("CONFIG_DIBS"));
  EXPECT_FALSE(system_.smc_loaded);
}

TEST_F(DryRunWithoutSmc, OneThatIsInTheIndexIs) {
  system_.set_modules(others_ + "kernel/net/smc/smc.ko.xz: kernel/drivers/dibs/dibs.ko.xz\n", "");
  EXPECT_EQ(planned(), "load the kernel module smc");
  system_.set_modules(others_, "kernel/net/smc/smc.ko\n");
  EXPECT_EQ(planned(), "load the kernel module smc") << "built in";
}

TEST_F(DryRunWithoutSmc, TheIndexMayBeBelowUsrAndBelowTheNodesRoot) {
  system_.set_modules("kernel/net/smc/smc.ko:\n", "", "/usr/lib/modules/");
  EXPECT_EQ(planned(), "load the kernel module smc");
  options_.host_root = "/host";
  EXPECT_THAT(planned(), HasSubstr("not to be seen"));
  system_.set_modules(others_, "", "/host/usr/lib/modules/");
  expect_failure(ExitCode::kNotPossible, "smc");
}

TEST_F(DryRunWithoutSmc, WithoutAnIndexItIsSaidThatNobodyKnows) {
  EXPECT_THAT(planned(), HasSubstr("not to be seen"));
  EXPECT_EQ(run().code, ExitCode::kDone);
}

// --- step 3

TEST_F(PodStepTest, TheFlagComesBeforeTheEnvironment) {
  system_.devices.push_back({"rdma1", {{1, "PNB", true, 3, true}}});
  system_.rdma.push_back({"rdma1", "CA", true, 0, 0, {}});
  options_.environment_pnetid = "PNA";
  EXPECT_EQ(run().pnetid, "PNA");
  options_.pnetid = "pnb";
  EXPECT_EQ(run().pnetid, "PNA") << "set by the first run, leads to a device: adopted";
  system_.pod().pnet_table.clear();
  const PodReport report = run();
  EXPECT_EQ(report.pnetid, "PNB");
  EXPECT_EQ(report.pnetid_reason, "--pnetid");
  EXPECT_EQ(report.device, "rdma1");
}

TEST_F(PodStepTest, SeveralPnetidsAreNamedAndNoneIsGuessed) {
  system_.devices.push_back({"rdma1", {{1, "PNB", true, 3, true}}});
  const PodStep last = expect_failure(ExitCode::kNotPossible, "pnetid");
  EXPECT_THAT(last.text, HasSubstr("PNA, PNB"));
  EXPECT_THAT(system_.writes, IsEmpty());
}

TEST_F(PodStepTest, APnetidThatNoActivePortHasIsNotPossible) {
  options_.pnetid = "PNX";
  EXPECT_THAT(expect_failure(ExitCode::kNotPossible, "pnetid").text, HasSubstr("PNA"));
  options_.pnetid = "PNA";
  system_.devices[0].ports[0].active = false;
  EXPECT_THAT(expect_failure(ExitCode::kNotPossible, "pnetid").text,
              HasSubstr("rdma0 port 1: down"));
}

TEST_F(PodStepTest, ABadPnetidIsRefusedWithoutTouchingAnything) {
  options_.environment_pnetid = "not a pnetid";
  EXPECT_THAT(expect_failure(ExitCode::kNotPossible, "pnetid").text, HasSubstr("SMCR_PNET"));
  EXPECT_THAT(system_.writes, IsEmpty());
}

TEST_F(PodStepTest, AnRnicThatSmcDoesNotTakeIsNamed) {
  system_.devices.clear();
  system_.rdma[0].is_ib_ca = false;
  const PodStep last = expect_failure(ExitCode::kNotPossible, "pnetid");
  EXPECT_THAT(last.text, HasSubstr("rdma0 is of type RNIC"));
}

TEST_F(PodStepTest, ANodeWithoutRdmaSaysSo) {
  system_.devices.clear();
  system_.rdma.clear();
  EXPECT_THAT(expect_failure(ExitCode::kNotPossible, "pnetid").text, HasSubstr("no RDMA device"));
}

TEST_F(PodStepTest, ADeviceOfAnotherNamespaceIsNotPossible) {
  system_.rdma.clear();
  EXPECT_THAT(expect_failure(ExitCode::kNotPossible, "pnetid").hint, HasSubstr("shared"));
}

TEST_F(PodStepTest, RdmaNetlinkThatRefusesIsAWarning) {
  system_.fail("RDMA GET", EPERM);
  const PodReport report = run();
  EXPECT_EQ(report.code, ExitCode::kDone);
  EXPECT_THAT(warnings(report), ElementsAre(HasSubstr("list the RDMA devices")));
}

TEST_F(PodStepTest, LibibverbsIsNotAskedAtAll) {
  system_.directories["/dev/infiniband"] = {"uverbs0"};
  (void)run();
  EXPECT_THAT(system_.requests, testing::Not(testing::Contains("verbs")));
}

// --- step 4

TEST_F(PodStepTest, TakesTheInterfaceWithTheDefaultRouteElseEth0) {
  system_.pod().links.push_back({3, "net1", "02:00:00:00:00:0c", "", true, 0, false});
  system_.pod().addresses.push_back({3, "10.8.0.1", 24});
  system_.pod().default_route = 3;
  EXPECT_EQ(run().interface, "net1");
  system_.pod().default_route.reset();
  EXPECT_EQ(run().interface, "eth0");
  options_.interface = "net1";
  EXPECT_EQ(run().interface, "net1");
}

TEST_F(PodStepTest, AnUnknownInterfaceIsNotPossibleAndTheOthersAreNamed) {
  options_.interface = "eth7";
  EXPECT_THAT(expect_failure(ExitCode::kNotPossible, "interface").text, HasSubstr("lo, eth0"));
  EXPECT_THAT(system_.writes, IsEmpty());
}

TEST_F(PodStepTest, AnInterfaceWithoutIpv4IsNotPossible) {
  system_.pod().addresses.resize(1);
  expect_failure(ExitCode::kNotPossible, "interface");
}

TEST_F(PodStepTest, AnInterfaceThatStandsOnAnotherDeviceIsAWarning) {
  system_.pod().links[1].kind = "ipvlan";
  system_.pod().links[1].lower_index = 5;
  system_.pod().links[1].lower_elsewhere = true;
  EXPECT_THAT(warnings(run()), ElementsAre(HasSubstr("ipvlan")));
}

TEST_F(PodStepTest, AStaleEntryIsCorrected) {
  system_.pod().pnet_table = {{"STALE", "eth0", {}, 0}};
  EXPECT_EQ(run().code, ExitCode::kDone);
  EXPECT_THAT(system_.pod().pnet_table, ElementsAre(PnetEntry{"PNA", "eth0", {}, 0}));
}

TEST_F(PodStepTest, AForeignEntryThatLeadsToADeviceIsAdoptedAndReported) {
  system_.devices.push_back({"rdma1", {{1, "PNB", true, 3, true}}});
  system_.rdma.push_back({"rdma1", "CA", true, 0, 0, {}});
  options_.pnetid = "PNA";
  system_.pod().pnet_table = {{"PNB", "eth0", {}, 0}};
  const PodReport report = run();
  EXPECT_EQ(report.code, ExitCode::kDone);
  EXPECT_EQ(report.pnetid, "PNB");
  EXPECT_THAT(warnings(report), ElementsAre(HasSubstr("from another program")));
  EXPECT_THAT(system_.pod().pnet_table, ElementsAre(PnetEntry{"PNB", "eth0", {}, 0}));
}

TEST_F(PodStepTest, EPERMAtTheEntryIsRefusedWithAHint) {
  system_.fail("SMC_PNETID ADD", EPERM);
  const PodStep last = expect_failure(ExitCode::kRefused, "pnet entry");
  EXPECT_THAT(last.text, HasSubstr("errno 1"));
  EXPECT_THAT(last.hint, HasSubstr("CAP_NET_ADMIN"));
}

// --- step 5

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

// --- step 6

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
