// What is taken out of the cluster at an agent's end and before the release is deleted.
#include "node-init/agent/cluster/removal.h"

#include <csignal>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "test/node-init/agent/cluster/fake_cluster.h"
#include "test/node-init/kernel/fake_system.h"

namespace smc::node {
namespace {

using std::chrono::milliseconds;
using test::FakeCluster;
using testing::HasSubstr;

constexpr const char* kErdmaLabel = "smc.asm.alibabacloud.com/erdma";
const ObjectName kAgents{"smc-system", "smc-agent"};

class RemovalTest : public testing::Test {
 protected:
  RemovalTest() {
    std::signal(SIGPIPE, SIG_IGN);
    options_.client.user_agent = "test/1";
    options_.backoff = {milliseconds(2), milliseconds(20)};
    api_.set_daemonset("smc-system/smc-agent");
  }

  Removal removal() { return {system_, api_.cluster(), options_}; }

  test::FakeSystem system_;  // its clock alone
  FakeCluster api_;
  RemovalOptions options_;
};

TEST_F(RemovalTest, ADaemonSetThatIsThereIsNotGoing) {
  EXPECT_FALSE(*removal().is_being_removed(kAgents, "n1"));
}

TEST_F(RemovalTest, ADaemonSetThatIsMarkedOrGoneIsGoing) {
  EXPECT_TRUE(*removal().is_being_removed({"smc-system", "another"}, "n1"));
  api_.set_daemonset("smc-system/smc-agent", 100);
  RemovalOptions hasty = options_;
  hasty.timeout = milliseconds(1);
  EXPECT_FALSE(Removal(system_, api_.cluster(), hasty).delete_daemonset(kAgents));
  EXPECT_TRUE(*removal().is_being_removed(kAgents, "n1"));
}

TEST_F(RemovalTest, ADaemonSetThatNoLongerChoosesTheNodeIsGoingThere) {
  api_.add_node("n1", {{"kubernetes.io/os", "linux"}, {"pool", "rdma"}});
  api_.set_node_selector({{"kubernetes.io/os", "linux"}, {"pool", "rdma"}});
  EXPECT_FALSE(*removal().is_being_removed(kAgents, "n1"));
  api_.set_node_selector({{"kubernetes.io/os", "linux"}, {"pool", "other"}});
  EXPECT_TRUE(*removal().is_being_removed(kAgents, "n1"));
  api_.set_node_selector({{"absent", "x"}});
  EXPECT_TRUE(*removal().is_being_removed(kAgents, "n1"));
  EXPECT_FALSE(*removal().is_being_removed(kAgents, "n9")) << "a Node that is gone is not judged";
}

TEST_F(RemovalTest, ARefusedQuestionIsNoAnswer) {
  api_.refuse("GET /apis/apps", 403);
  const auto going = removal().is_being_removed(kAgents, "n1");
  ASSERT_FALSE(going);
  EXPECT_THAT(going.error().hint, HasSubstr("\"get\" on resource \"daemonsets\""));
  api_.accept_all();
  api_.set_node_selector({{"pool", "rdma"}});
  api_.refuse("GET /api/v1/nodes", 403);
  EXPECT_FALSE(removal().is_being_removed(kAgents, "n1"));
}

TEST_F(RemovalTest, AServerThatIsBusyIsAskedAgain) {
  api_.refuse("GET /apis/apps", 503, 3);
  EXPECT_TRUE(removal().is_being_removed(kAgents, "n1"));
}

TEST_F(RemovalTest, LabelAndAnnotationAreRemovedAndNothingElse) {
  api_.add_node("n1", {{kErdmaLabel, "true"}, {"other", "x"}});
  EXPECT_TRUE(*removal().clear("n1"));
  EXPECT_EQ(api_.node("n1")["metadata"]["labels"], nlohmann::json({{"other", "x"}}));
  EXPECT_FALSE(*removal().clear("n1")) << "a second time there is nothing left";
  EXPECT_EQ(api_.count("PATCH"), 1U);
}

TEST_F(RemovalTest, ANodeThatIsGoneHasNothingToRemove) {
  EXPECT_FALSE(*removal().clear("n9"));
}

TEST_F(RemovalTest, AConflictIsTriedAgain) {
  api_.add_node("n1", {{kErdmaLabel, "true"}});
  api_.refuse("PATCH", 409, 1);
  EXPECT_TRUE(*removal().clear("n1"));
  EXPECT_EQ(api_.label("n1"), "");
}

TEST_F(RemovalTest, WaitsUntilTheDaemonSetsPodsAreGone) {
  api_.set_daemonset("smc-system/smc-agent", 1);
  EXPECT_TRUE(removal().delete_daemonset(kAgents));
  EXPECT_FALSE(api_.has_daemonset());
}

TEST_F(RemovalTest, ADaemonSetThatIsGoneAlreadyIsNoError) {
  EXPECT_TRUE(removal().delete_daemonset({"smc-system", "another"}));
}

TEST_F(RemovalTest, AnErrorWhereAgentsDoNotEndInTime) {
  api_.set_daemonset("smc-system/smc-agent", 1'000'000);
  options_.timeout = milliseconds(700);
  const auto removed = removal().delete_daemonset(kAgents);
  ASSERT_FALSE(removed);
  EXPECT_THAT(removed.error().what, HasSubstr("smc-system/smc-agent still has pods"));
  EXPECT_THAT(removed.error().hint, HasSubstr("get pods -o wide"));
}

TEST_F(RemovalTest, ClearsEveryNodePageByPage) {
  for (int i = 0; i < 7; ++i) api_.add_node("n" + std::to_string(i), {{kErdmaLabel, "true"}});
  api_.add_node("bare");
  EXPECT_EQ(*removal().clear_all(), 7U);
  for (int i = 0; i < 7; ++i) EXPECT_EQ(api_.label("n" + std::to_string(i)), "");
}

TEST_F(RemovalTest, AMissingRightToListNodesIsNamed) {
  api_.refuse("GET /api/v1/nodes", 403);
  const auto cleared = removal().clear_all();
  ASSERT_FALSE(cleared);
  EXPECT_THAT(cleared.error().hint, HasSubstr("\"list\" on resource \"nodes\""));
}

}  // namespace
}  // namespace smc::node
