// `smc-node-init pod --by-agent`: it changes nothing, says "verified" of what the agent has set up
// alone, and its end names what is missing.
#include "node-init/pod/pod_wait.h"

#include <algorithm>
#include <cerrno>
#include <functional>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "node-init/pod/pod_report.h"
#include "test/node-init/pod/pod_fixture.h"

namespace smc::node {
namespace {

using std::chrono::milliseconds;
using test::kSwitch;
using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class PodWait : public test::PodTest {
 protected:
  PodWait() { system_.smc_loaded = true; }

  // What the agent does, as it does it.
  PodReport agent_sets_up() {
    PodOptions options = options_;
    options.test_first = true;
    options.self_test = SelfTestMode::kOn;
    return set_up_pod(system_, options, [](const PodStep&) {});
  }
  // The agent comes just before the namespace is looked at for the n-th time.
  void agent_comes_at_look(int n) {
    count_ = [this, n] {
      if (++looks_ == n) {
        (void)agent_sets_up();
        system_.writes.clear();
      } else {
        system_.before("RDMA GET", count_);
      }
    };
    system_.before("RDMA GET", count_);
  }
  PodReport wait() {
    return wait_for_agent(system_, options_, waiting_, [](const PodStep&) {});
  }
  nlohmann::json summary(const PodReport& report, OnFailure on_failure = OnFailure::kFail) {
    return nlohmann::json::parse(summary_json(report, on_failure, false));
  }

  WaitOptions waiting_{milliseconds(60'000), "node-1"};
  std::function<void()> count_;
  int looks_ = 0;
};

TEST_F(PodWait, ANamespaceThatIsSetUpAlreadyIsVerifiedWithoutAWait) {
  ASSERT_EQ(agent_sets_up().code, ExitCode::kDone);
  const PodReport report = wait();
  EXPECT_EQ(report.code, ExitCode::kDone);
  const auto said = summary(report);
  EXPECT_EQ(said["result"], "verified");
  EXPECT_EQ(said["waitedMs"], 0);
  EXPECT_EQ(said["pnetid"], "PNA");
  EXPECT_EQ(said["interface"], "eth0");
  EXPECT_EQ(said["device"], "rdma0");
  EXPECT_EQ(said["programs"], "tcp2smc");
}

TEST_F(PodWait, GoesOnWithinATenthOfTheWaitOnceTheAgentHasCome) {
  agent_comes_at_look(20);
  const PodReport report = wait();
  EXPECT_EQ(report.code, ExitCode::kDone);
  EXPECT_EQ(summary(report)["result"], "verified");
  EXPECT_GT(report.waited->count(), 0);
  EXPECT_LT(report.waited->count(), 500);
}

TEST_F(PodWait, WritesLoadsAndConnectsNothing) {
  for (const bool loaded : {false, true}) {
    system_.smc_loaded = loaded;
    (void)wait();
    EXPECT_EQ(system_.smc_loaded, loaded);
  }
  EXPECT_THAT(system_.writes, IsEmpty());
  EXPECT_THAT(system_.requests,
              Each(Not(testing::AnyOf(StartsWith("connect"), StartsWith("enter"),
                                      StartsWith("new namespace"), StartsWith("verbs")))));
}

TEST_F(PodWait, EndsWithWhatIsMissingAndWhereToLook) {
  const PodReport report = wait();
  EXPECT_EQ(report.code, ExitCode::kNotPossible);
  EXPECT_EQ(report.waited, milliseconds(60'000));
  const PodStep& last = report.steps.back();
  EXPECT_EQ(last.name, "agent");
  EXPECT_THAT(last.text,
              AllOf(HasSubstr("within 60 s"), HasSubstr("add eth0 = PNA"), HasSubstr(kSwitch)));
  EXPECT_THAT(last.hint,
              AllOf(HasSubstr("node node-1"), HasSubstr("smc.asm.alibabacloud.com/node")));
  EXPECT_EQ(summary(report)["result"], "failed");
  EXPECT_EQ(summary(report)["cause"], "precondition");
  EXPECT_EQ(summary(report, OnFailure::kFallback)["result"], "fallback");
  EXPECT_EQ(summary(report, OnFailure::kFallback)["exitCode"], 0);
}

TEST_F(PodWait, APnetidWithoutTheSwitchIsNotEnough) {
  system_.pod().pnet_table = {{"PNA", "eth0", {}, 0}};
  const PodReport report = wait();
  EXPECT_EQ(report.code, ExitCode::kNotPossible);
  EXPECT_THAT(report.steps.back().text, AllOf(HasSubstr(kSwitch), Not(HasSubstr("eth0 ="))));
}

TEST_F(PodWait, ANodeThatIsStillPreparedIsWaitedForAndThenNamed) {
  system_.devices.clear();
  system_.rdma.clear();
  const PodReport report = wait();
  EXPECT_EQ(report.waited, milliseconds(60'000));
  EXPECT_THAT(report.steps.back().text, HasSubstr("no RDMA device"));
}

TEST_F(PodWait, WithoutASwitchTheResultSaysSo) {
  system_.pod().sysctls.erase(kSwitch);
  const PodReport report = wait();
  EXPECT_EQ(report.code, ExitCode::kNotPossible);
  EXPECT_EQ(summary(report)["result"], "not_switched");
}

TEST_F(PodWait, ProgramsThatAskAreSetUpAndNotCalledVerified) {
  system_.pod().sysctls.erase(kSwitch);
  options_.programs = Programs::kAsk;
  ASSERT_EQ(agent_sets_up().code, ExitCode::kDone);
  const PodReport report = wait();
  EXPECT_EQ(report.code, ExitCode::kDone);
  EXPECT_EQ(summary(report)["result"], "set-up");
  EXPECT_EQ(summary(report)["programs"], "ask");
}

TEST_F(PodWait, TheNodesOwnNamespaceIsNotWaitedFor) {
  system_.enter("node");
  const PodReport report = wait();
  EXPECT_EQ(report.code, ExitCode::kNotPossible);
  EXPECT_EQ(report.waited, milliseconds(0));
  EXPECT_EQ(report.steps.back().name, "namespace");
}

TEST_F(PodWait, ARefusedLookIsNoEnd) {
  ASSERT_EQ(agent_sets_up().code, ExitCode::kDone);
  system_.fail("SMC_PNETID GET", ENOBUFS);
  EXPECT_EQ(wait().code, ExitCode::kDone);
}

// --- what the agent does: the same steps, the self-test first and the switch last

class TestFirst : public PodWait {};

TEST_F(TestFirst, TestsThenSetsTheEntryAndSwitchesLast) {
  EXPECT_EQ(agent_sets_up().code, ExitCode::kDone);
  std::vector<std::string> expected = test::kSelfTestWrites;
  expected.emplace_back("SMC_PNETID ADD eth0=PNA");
  expected.push_back(std::string("write ") + kSwitch + " = 1");
  EXPECT_EQ(system_.writes, expected);
}

TEST_F(TestFirst, ANamespaceWhoseTestFindsTcpIsLeftAsItWas) {
  system_.ueids.clear();
  const PodReport report = agent_sets_up();
  EXPECT_EQ(report.code, ExitCode::kFellBack);
  EXPECT_THAT(system_.pod().pnet_table, IsEmpty());
  EXPECT_EQ(system_.pod().sysctls[kSwitch], "0\n");
  EXPECT_EQ(wait().code, ExitCode::kNotPossible);
}

TEST_F(TestFirst, ATestThatCannotBeMadeIsNone) {
  system_.rdma_shared = false;
  EXPECT_EQ(agent_sets_up().code, ExitCode::kNotPossible);
  EXPECT_THAT(system_.pod().pnet_table, IsEmpty());
  EXPECT_EQ(system_.pod().sysctls[kSwitch], "0\n");
}

TEST_F(TestFirst, WithoutASwitchNothingIsTestedAndNothingSet) {
  system_.pod().sysctls.erase(kSwitch);
  const PodReport report = agent_sets_up();
  EXPECT_TRUE(report.not_switched);
  EXPECT_THAT(system_.writes, IsEmpty());
}

TEST_F(TestFirst, TestsWithThePnetidThatItAdopts) {
  system_.devices.push_back({"rdma1", {{1, "PNB", true, 3, true}}});
  system_.rdma.push_back({"rdma1", "CA", true, 0, 0, {{1, true, "ACTIVE", "", 3}}});
  system_.pod().pnet_table = {{"PNB", "eth0", {}, 0}};
  options_.pnetid = "PNA";
  const PodReport report = agent_sets_up();
  EXPECT_EQ(report.code, ExitCode::kDone);
  EXPECT_EQ(report.pnetid, "PNB");
  EXPECT_THAT(system_.writes, Contains("SMC_PNETID ADD lo=PNB"));
}

TEST_F(TestFirst, KilledAnywhereTheSwitchIsOnOnlyWhereAllIsDone) {
  const test::FakeSystem fresh = system_;
  (void)agent_sets_up();
  const auto writes = static_cast<int>(system_.writes.size());
  for (int at = 0; at < writes; ++at) {
    system_ = fresh;
    system_.kill_at(at);
    EXPECT_THROW((void)agent_sets_up(), test::Killed);
    system_.enter("pod");
    EXPECT_EQ(system_.pod().sysctls[kSwitch], "0\n") << at;
    EXPECT_EQ(agent_sets_up().code, ExitCode::kDone) << at;
    EXPECT_EQ(summary(wait())["result"], "verified") << at;
  }
}

}  // namespace
}  // namespace smc::node
