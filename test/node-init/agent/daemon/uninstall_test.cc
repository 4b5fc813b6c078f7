// `smc-node-agent uninstall`, and the end of an agent: what is taken back, what stays, exit codes.
#include <cerrno>
#include <csignal>
#include <fstream>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "node-init/agent/daemon/agent_command.h"
#include "node-init/agent/node_round.h"
#include "test/node-init/agent/cluster/fake_cluster.h"
#include "test/node-init/bpf/fake_bpf.h"
#include "test/node-init/kernel/fake_system.h"
#include "test/support/temporary_directory.h"

namespace smc::node {
namespace {

using test::FakeCluster;
using test::FakeSystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kKey = "smc.asm.alibabacloud.com/erdma";
constexpr const char* kBootId = "/proc/sys/kernel/random/boot_id";

class Commands : public testing::Test {
 protected:
  Commands() {
    std::signal(SIGPIPE, SIG_IGN);
    system_.enter("node");
    system_.node().sysctls[kBootId] = "boot-1\n";
    system_.ueids.clear();
    command_.state_directory = directory_.path();
    command_.cluster.node = "n1";
    command_.cluster.kubeconfig = directory_.file("kubeconfig");
    command_.cluster.timeout_s = 1;
    write_kubeconfig("http://" + api_.cluster()->address());
    api_.add_node("n1", {{kKey, "true"}});
    api_.set_daemonset("smc-system/agents");
  }

  void write_kubeconfig(const std::string& server) {
    const nlohmann::json config = {
        {"apiVersion", "v1"},
        {"kind", "Config"},
        {"current-context", "c"},
        {"contexts", {{{"name", "c"}, {"context", {{"cluster", "c"}, {"user", "u"}}}}}},
        {"clusters", {{{"name", "c"}, {"cluster", {{"server", server}}}}}},
        {"users", {{{"name", "u"}, {"user", {{"token", "secret"}}}}}}};
    std::ofstream(command_.cluster.kubeconfig) << config;
  }

  // A node whose UEID is the agent's own.
  void set_up() {
    RoundOptions options;
    options.setup.ueid = "SMC-TEST";
    ASSERT_TRUE(run_node_round(system_, file_, options).ready());
    ASSERT_THAT(system_.ueids, ElementsAre("SMC-TEST"));
  }

  void leave() {
    command_.cluster.daemonset = "smc-system/agents";
    clean_up_at_exit(system_, file_, command_, api_.cluster());
  }

  FakeSystem system_;
  FakeCluster api_;
  smc::test::TemporaryDirectory directory_;
  OwnRecordFile file_{directory_.path(), "boot-1"};
  AgentCommand command_;
};

TEST_F(Commands, UninstallTakesLabelAndOwnEntriesOfThisNode) {
  set_up();
  api_.add_node("n2", {{kKey, "true"}});
  EXPECT_EQ(uninstall_agent(system_, command_), ExitCode::kDone);
  EXPECT_EQ(api_.label("n1"), "");
  EXPECT_EQ(api_.label("n2"), "true");
  EXPECT_THAT(system_.ueids, IsEmpty());
  EXPECT_TRUE(file_.load()->uninstalled);
}

TEST_F(Commands, UninstallWithoutAClusterTakesTheOwnEntries) {
  set_up();
  command_.cluster = {};
  EXPECT_EQ(uninstall_agent(system_, command_), ExitCode::kDone);
  EXPECT_THAT(system_.ueids, IsEmpty());
  EXPECT_EQ(api_.label("n1"), "true");
}

// On a kernel that has no switch of its own.
class CommandsWithBpf : public Commands {
 protected:
  CommandsWithBpf() {
    system_.node().sysctls.erase("/proc/sys/net/smc/tcp2smc");
    system_.offer_bpf_switch();
    command_.agent.round.bpf = &switch_;
    command_.agent.round.setup.ueid = "SMC-TEST";
    EXPECT_TRUE(run_node_round(system_, file_, command_.agent.round).ready());
    EXPECT_TRUE(switch_.in_force());
  }

  test::FakeBpf bpf_;
  BpfSwitch switch_{bpf_};
};

TEST_F(CommandsWithBpf, UninstallTakesTheSwitchAway) {
  testing::internal::CaptureStdout();
  EXPECT_EQ(uninstall_agent(system_, command_), ExitCode::kDone);
  EXPECT_THAT(testing::internal::GetCapturedStdout(), HasSubstr("removed the BPF switch"));
  EXPECT_FALSE(bpf_.has_directory);
  EXPECT_FALSE(run_node_round(system_, file_, command_.agent.round).ready());
  EXPECT_FALSE(bpf_.has_directory) << "an agent that is still running leaves it away";
}

TEST_F(CommandsWithBpf, ASwitchThatCannotBeTakenAwayIsAFailureAndKeepsNothingElse) {
  bpf_.fail("remove", {"remove a pin", EBUSY, {}});
  EXPECT_EQ(uninstall_agent(system_, command_), ExitCode::kRefused);
  EXPECT_THAT(system_.ueids, IsEmpty());
}

TEST_F(CommandsWithBpf, AnAgentThatIsReplacedLeavesTheSwitch) {
  api_.set_daemonset("smc-system/agents");
  leave();
  EXPECT_EQ(*switch_.present(), true);
}

TEST_F(Commands, UninstallReportsThatTheLabelStays) {
  set_up();
  api_.refuse("PATCH", 403);
  testing::internal::CaptureStderr();
  EXPECT_EQ(uninstall_agent(system_, command_), ExitCode::kRefused);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("\"patch\" on resource \"nodes\""));
  EXPECT_THAT(system_.ueids, IsEmpty()) << "one failure does not keep the rest";
}

TEST_F(Commands, AWrongKubeconfigIsRefusedByName) {
  std::ofstream(command_.cluster.kubeconfig) << "malformed: [";
  testing::internal::CaptureStderr();
  EXPECT_EQ(run_agent(system_, command_), ExitCode::kNotPossible);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr(command_.cluster.kubeconfig));
}

TEST_F(Commands, UninstallOfAllNodesWaitsForTheAgentsAndClearsTheRest) {
  command_.cluster.daemonset = "smc-system/agents";
  api_.set_daemonset("smc-system/agents", 1);
  EXPECT_EQ(uninstall_agent(system_, command_), ExitCode::kDone);
  EXPECT_FALSE(api_.has_daemonset());
  EXPECT_EQ(api_.label("n1"), "");
  EXPECT_THAT(system_.requests, IsEmpty()) << "it runs on one node of many, with no right to it";
}

TEST_F(Commands, UninstallOfAllNodesFailsWhereAnAgentDoesNotEndAndClearsTheRestAllTheSame) {
  command_.cluster.daemonset = "smc-system/agents";
  api_.set_daemonset("smc-system/agents", 1'000'000);
  testing::internal::CaptureStderr();
  EXPECT_EQ(uninstall_agent(system_, command_), ExitCode::kRefused);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("still has pods"));
  EXPECT_EQ(api_.label("n1"), "");
}

TEST_F(Commands, UninstallOfAllNodesNamesEachRightThatIsMissing) {
  command_.cluster.daemonset = "smc-system/agents";
  api_.refuse("DELETE", 403);
  api_.refuse("GET /api/v1/nodes", 403);
  testing::internal::CaptureStderr();
  EXPECT_EQ(uninstall_agent(system_, command_), ExitCode::kRefused);
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_THAT(said, HasSubstr("\"delete\" on resource \"daemonsets\""));
  EXPECT_THAT(said, HasSubstr("\"list\" on resource \"nodes\""));
}

TEST_F(Commands, UninstallOfAllNodesNeedsACluster) {
  command_.cluster.kubeconfig.clear();
  command_.cluster.daemonset = "smc-system/agents";
  EXPECT_EQ(uninstall_agent(system_, command_), ExitCode::kNotPossible);
}

TEST_F(Commands, AnAgentThatIsReplacedLeavesEverything) {
  set_up();
  leave();
  EXPECT_EQ(api_.label("n1"), "true");
  EXPECT_THAT(system_.ueids, ElementsAre("SMC-TEST"));
  EXPECT_FALSE(file_.load()->uninstalled);
}

TEST_F(Commands, AnAgentWhoseDaemonSetIsGoneTakesEverythingBack) {
  set_up();
  api_.set_daemonset("");
  leave();
  EXPECT_EQ(api_.label("n1"), "");
  EXPECT_THAT(system_.ueids, IsEmpty());
}

TEST_F(Commands, AnAgentWhoseNodeIsNoLongerChosenTakesEverythingBack) {
  set_up();
  api_.set_node_selector({{"pool", "another"}});
  leave();
  EXPECT_EQ(api_.label("n1"), "");
  EXPECT_THAT(system_.ueids, IsEmpty());
}

TEST_F(Commands, AnAgentThatMayNotAskLeavesEverything) {
  set_up();
  api_.refuse("GET /apis/apps", 403);
  leave();
  EXPECT_EQ(api_.label("n1"), "true");
  EXPECT_THAT(system_.ueids, ElementsAre("SMC-TEST"));
}

TEST_F(Commands, AnAgentThatMayNotTouchItsNodeTakesTheRestBack) {
  set_up();
  api_.set_daemonset("");
  api_.refuse("PATCH", 403);
  leave();
  EXPECT_THAT(system_.ueids, IsEmpty());
}

TEST_F(Commands, WithoutADaemonSetAnAgentThatEndsLeavesEverything) {
  set_up();
  clean_up_at_exit(system_, file_, command_, api_.cluster());
  EXPECT_EQ(api_.label("n1"), "true");
  EXPECT_THAT(api_.requests(), IsEmpty());
}

TEST(CommandLine, LabelsAndNamesAreTakenApart) {
  EXPECT_EQ(parse_label("a/b=c=d")->value, "c=d");
  EXPECT_EQ(parse_label("a=")->value, "");
  EXPECT_FALSE(parse_label("=x"));
  EXPECT_FALSE(parse_label("x"));
  EXPECT_EQ(parse_object_name("ns/name")->ns, "ns");
  for (const char* text : {"", "a", "/a", "a/", "a/b/c"}) EXPECT_FALSE(parse_object_name(text));
}

}  // namespace
}  // namespace smc::node
