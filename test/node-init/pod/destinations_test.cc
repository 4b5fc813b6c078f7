// Excluded destinations in `smc-node-init pod`: in force before anything is switched on, or the pod
// stays on TCP; where the kernel cannot, a warning says so.
#include <algorithm>
#include <utility>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "node-init/pod/pod_report.h"
#include "node-init/pod/pod_wait.h"
#include "test/node-init/pod/pod_fixture.h"
#include "test/node-init/pod/recorded_lists.h"

namespace smc::node {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ExcludedDestinations : public test::PodTest {
 protected:
  ExcludedDestinations() {
    system_.smc_loaded = true;
    options_.exclude_destinations = *parse_destinations("10.1.2.0/24,:6379");
  }
  void SetUp() override {
    PodTest::SetUp();
    system_.pod().sysctls[kControlPath] = "\n";  // Linux 6.19
  }
  PodReport agent_sets_up() {
    PodOptions options = options_;
    options.test_first = true;
    options.lists = &lists_;
    return set_up_pod(system_, options, [](const PodStep&) {});
  }
  nlohmann::json summary(const PodReport& report, OnFailure on_failure = OnFailure::kFail) {
    return nlohmann::json::parse(summary_json(report, on_failure, false));
  }

  test::RecordedLists lists_{system_};
};

TEST_F(ExcludedDestinations, TheAgentPutsThemInForceBeforeItSwitches) {
  const PodReport report = agent_sets_up();
  EXPECT_EQ(report.code, ExitCode::kDone);
  std::vector<std::string> expected = test::kSelfTestWrites;
  expected.insert(
      expected.end(),
      {"exclude 10.1.2.0/24,:6379", std::string("write ") + kControlPath + " = smc_asm_dest_1",
       "SMC_PNETID ADD eth0=PNA", std::string("write ") + test::kSwitch + " = 1"});
  EXPECT_EQ(system_.writes, expected);
  EXPECT_EQ(summary(report)["excludedDestinations"], 2);
}

TEST_F(ExcludedDestinations, WhatTheAgentSetUpIsJudgedSetUpByBoth) {
  ASSERT_EQ(agent_sets_up().code, ExitCode::kDone);
  PodOptions agents = options_;
  agents.lists = &lists_;
  EXPECT_TRUE(is_set_up(judge_pod(system_, agents)));
  const PodReport report = wait_for_agent(system_, options_, {}, [](const PodStep&) {});
  EXPECT_EQ(summary(report)["result"], "verified");
  EXPECT_EQ(summary(report)["excludedDestinations"], 2);
}

TEST_F(ExcludedDestinations, ANamespaceWithoutTheListIsNotJudgedSetUp) {
  const Destinations list = std::exchange(options_.exclude_destinations, {});
  ASSERT_EQ(agent_sets_up().code, ExitCode::kDone);
  options_.exclude_destinations = list;
  EXPECT_FALSE(is_set_up(judge_pod(system_, options_)));
  const PodReport report = wait_for_agent(system_, options_, {}, [](const PodStep&) {});
  EXPECT_EQ(report.code, ExitCode::kNotPossible);
  EXPECT_THAT(report.steps.back().text, HasSubstr("destinations: exclude 2 destinations"));
}

TEST_F(ExcludedDestinations, AnAgentThatIsRefusedSwitchesNothingOn) {
  lists_.refuses = true;
  const PodReport report = agent_sets_up();
  EXPECT_EQ(report.code, ExitCode::kRefused);
  EXPECT_EQ(report.steps.back().name, "destinations");
  EXPECT_EQ(report.steps.back().hint, "give the agent CAP_BPF");
  EXPECT_EQ(system_.writes, test::kSelfTestWrites);
}

TEST_F(ExcludedDestinations, APrivilegedContainerWaitsForTheAgent) {
  system_.pod().sysctls[kControlPath] = "smc_asm_dest_7\n";  // of a newer agent
  const PodReport report = run();
  EXPECT_EQ(report.code, ExitCode::kDone);
  EXPECT_EQ(summary(report)["excludedDestinations"], 2);
}

TEST_F(ExcludedDestinations, WithoutTheAgentAPrivilegedContainerLeavesThePodOnTcp) {
  options_.agent_wait = milliseconds(2'000);
  const auto begin = system_.now();
  const PodStep last = expect_failure(ExitCode::kNotPossible, "destinations");
  EXPECT_THAT(last.hint, HasSubstr("smc-node-agent"));
  EXPECT_EQ(system_.now() - begin, milliseconds(2'000));
  EXPECT_THAT(system_.writes, IsEmpty());
}

TEST_F(ExcludedDestinations, AKernelThatCannotIsAWarningThatSaysWhy) {
  system_.pod().sysctls.erase(kControlPath);
  for (const PodReport& report : {run(), agent_sets_up()}) {
    EXPECT_EQ(report.code, ExitCode::kDone);
    EXPECT_THAT(warnings(report), ElementsAre(AllOf(HasSubstr("2 destinations not excluded"),
                                                    HasSubstr("net.smc.hs_ctrl"))));
    const auto said = summary(report);
    EXPECT_THAT(said["warnings"][0].get<std::string>(),
                HasSubstr("destinations: 2 destinations not excluded"));
    EXPECT_FALSE(said.contains("excludedDestinations"));
  }
}

TEST_F(ExcludedDestinations, AnotherProgramsControlIsKept) {
  system_.pod().sysctls[kControlPath] = "my_ctrl\n";
  const PodReport report = agent_sets_up();
  EXPECT_EQ(report.code, ExitCode::kDone);
  EXPECT_THAT(warnings(report), ElementsAre(HasSubstr("net.smc.hs_ctrl is my_ctrl")));
  EXPECT_EQ(system_.pod().sysctls[kControlPath], "my_ctrl\n");
}

TEST_F(ExcludedDestinations, ADryRunPlansThem) {
  options_.dry_run = true;
  const PodReport report = run();
  EXPECT_EQ(report.code, ExitCode::kDone);
  EXPECT_THAT(system_.writes, IsEmpty());
  const auto step = std::ranges::find(report.steps, "destinations", &PodStep::name);
  ASSERT_NE(step, report.steps.end());
  EXPECT_EQ(step->outcome, StepOutcome::kPlanned);
}

TEST_F(ExcludedDestinations, APodWithoutAnyHasNoSuchStep) {
  options_.exclude_destinations.clear();
  for (const PodStep& step : run().steps) EXPECT_NE(step.name, "destinations");
}

}  // namespace
}  // namespace smc::node
