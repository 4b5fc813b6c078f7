// The agent and the API server: what is written upon the Node and when, and what becomes of it all
// while the API server refuses or is away.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/keys.h"
#include "base/log.h"
#include "test/node-init/agent/cluster/cluster_side_fixture.h"

namespace smc::node {
namespace {

using nlohmann::json;
using test::ClusterSideTest;
using test::eventually;
using test::kBad;
using test::kGood;
using test::kKey;
using test::pod;
using testing::HasSubstr;

using Label = ClusterSideTest;

TEST_F(Label, FollowsTheNodesVerdict) {
  start();
  round({kGood});
  EXPECT_TRUE(label_becomes("true"));
  EXPECT_TRUE(metrics_show("smc_node_label 1\n"));
  EXPECT_EQ(api_.annotation("n1"), "ready");
  round({kGood, kBad});
  EXPECT_TRUE(label_becomes(""));
  EXPECT_TRUE(metrics_show("smc_node_label 0\n"));
  EXPECT_EQ(api_.annotation("n1"), "not ready: rdma device: this namespace sees none");
}

TEST_F(Label, SaysWhatSwitchesThePrograms) {
  start();
  round({kGood, {"programs", Verdict::kPass, "the agent's BPF switch", {}}});
  EXPECT_TRUE(label_becomes("true"));
  EXPECT_EQ(api_.annotation("n1"), "ready; programs: the agent's BPF switch");
}

TEST_F(Label, TheTaintOfANewNodeGoesOnceTheNodeIsReadyAndNoOther) {
  const json other = {{"key", "gpu"}, {"effect", "NoSchedule"}};
  const json ours = {{"key", kNotReadyTaint}, {"effect", "NoSchedule"}};
  api_.set_taints("n1", {ours, other});
  start();
  round({kBad});
  ASSERT_TRUE(eventually([&] { return api_.annotation("n1").starts_with("not ready"); }));
  EXPECT_EQ(api_.node("n1")["spec"]["taints"].size(), 2U);
  round({kGood});
  EXPECT_TRUE(eventually([&] { return api_.node("n1")["spec"]["taints"] == json{other}; }));
  EXPECT_TRUE(label_becomes("true"));
}

TEST_F(Label, AChangeIsAnEventOnTheNode) {
  start();
  round({kGood});
  ASSERT_TRUE(eventually([&] { return api_.events().size() == 1; }));
  const json ready = api_.events()[0];
  EXPECT_EQ(ready["reason"], "SmcReady");
  EXPECT_EQ(ready["type"], "Normal");
  EXPECT_EQ(ready["involvedObject"]["kind"], "Node");
  EXPECT_EQ(ready["involvedObject"]["uid"], "uid-n1");
  EXPECT_EQ(ready["metadata"]["namespace"], "default");
  round({kBad});
  ASSERT_TRUE(eventually([&] { return api_.events().size() == 2; }));
  EXPECT_THAT(api_.events()[1].dump() + api_.events()[0].dump(),
              HasSubstr("rdma device: this namespace sees none"));
}

TEST_F(Label, NothingIsWrittenWhereNothingDiffers) {
  start();
  round({kGood});
  ASSERT_TRUE(label_becomes("true"));
  const auto looks = api_.count("GET /api/v1/nodes/n1");
  for (int i = 0; i < 3; ++i) round({kGood});
  ASSERT_TRUE(eventually([&] { return api_.count("GET /api/v1/nodes/n1") >= looks + 3; }));
  EXPECT_EQ(api_.count("PATCH"), 1U);
}

TEST_F(Label, ThatSomebodyRemovesIsPutBackWithinThePeriod) {
  start();
  round({kGood});
  ASSERT_TRUE(label_becomes("true"));
  api_.set_label("n1", kKey, nullptr);
  EXPECT_TRUE(label_becomes("true"));
  api_.set_label("n1", kKey, "false");
  EXPECT_TRUE(label_becomes("true"));
  EXPECT_TRUE(metrics_show("smc_node_label_changes_total{to=\"on\"} 3\n"));
}

TEST_F(Label, ThatSomebodySetsOnABadNodeIsTakenOff) {
  start();
  round({kBad});
  round({kBad});
  ASSERT_TRUE(eventually([&] { return api_.count("PATCH") == 1; }));
  api_.set_label("n1", kKey, "true");
  EXPECT_TRUE(label_becomes(""));
}

TEST_F(Label, AVerdictThatFlapsMovesNothing) {
  options_.latch.off_after = std::chrono::seconds(30);
  start();
  round({kGood});
  ASSERT_TRUE(label_becomes("true"));
  for (int i = 0; i < 50; ++i) round({i % 2 == 0 ? kBad : kGood});
  const auto looks = api_.count("GET /api/v1/nodes/n1");
  ASSERT_TRUE(eventually([&] { return api_.count("GET /api/v1/nodes/n1") > looks + 1; }));
  EXPECT_EQ(api_.count("PATCH"), 1U);
}

TEST_F(Label, UntilTheVerdictIsSureTheNodeIsLeftAsItIs) {
  options_.latch.on_after = std::chrono::hours(1);
  api_.set_label("n1", kKey, "true");
  start();
  round({kGood});
  observe({});
  EXPECT_TRUE(metrics_show("smc_node_api_up{what=\"pods\"} 1\n"));
  EXPECT_EQ(api_.count("GET /api/v1/nodes"), 0U);
}

TEST_F(Label, NewWordsForTheSameVerdictAreNotWrittenAtOnce) {
  start();
  round({kBad});
  round({kBad});
  ASSERT_TRUE(eventually([&] { return api_.count("PATCH") == 1; }));
  for (int i = 0; i < 20; ++i)
    round({{"rdma device", Verdict::kFail, "finding " + std::to_string(i), "hint"}});
  const auto looks = api_.count("GET /api/v1/nodes/n1");
  ASSERT_TRUE(eventually([&] { return api_.count("GET /api/v1/nodes/n1") > looks + 2; }));
  EXPECT_EQ(api_.count("PATCH"), 1U) << "each write wakes every watcher of Nodes";
}

TEST_F(Label, GoesAtOnceAfterUninstall) {
  options_.latch.off_after = std::chrono::hours(1);
  start();
  round({kGood});
  ASSERT_TRUE(label_becomes("true"));
  snapshot_.report.uninstalled = true;
  round({kBad});
  EXPECT_TRUE(label_becomes(""));
  EXPECT_EQ(api_.annotation("n1"), "");
}

TEST_F(Label, HasTheConfiguredKeyAndValue) {
  options_.label = {"own/key", "yes"};
  start();
  round({kGood});
  EXPECT_TRUE(eventually(
      [&] { return api_.node("n1")["metadata"]["labels"].value("own/key", "") == "yes"; }));
}

TEST_F(Label, StaysWhereTheAgentMerelyEnds) {
  start();
  round({kGood});
  ASSERT_TRUE(label_becomes("true"));
  side_.reset();
  EXPECT_EQ(api_.label("n1"), "true");
}

using Refusals = ClusterSideTest;

TEST_F(Refusals, AMissingRightNamesItsVerb) {
  api_.refuse("PATCH", 403);
  start();
  testing::internal::CaptureStderr();
  round({kGood});
  EXPECT_TRUE(metrics_show("smc_node_api_up{what=\"node\"} 0\n"));
  api_.accept_all();
  EXPECT_TRUE(label_becomes("true"));
  EXPECT_TRUE(metrics_show("smc_node_api_up{what=\"node\"} 1\n"));
  log::flush();
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr(R"(the verb \"patch\" on resource \"nodes\")"));
}

TEST_F(Refusals, ANodeThatIsNotThereIsAskedForAgain) {
  api_.remove_node("n1");
  start();
  testing::internal::CaptureStderr();
  round({kGood});
  EXPECT_TRUE(metrics_show("smc_node_api_up{what=\"node\"} 0\n"));
  api_.add_node("n1");
  EXPECT_TRUE(label_becomes("true"));
  log::flush();
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("is --node-name right?"));
}

TEST_F(Refusals, AConflictIsReadAndTriedAgain) {
  api_.refuse("PATCH", 409, 1);
  start();
  round({kGood});
  EXPECT_TRUE(label_becomes("true"));
  EXPECT_EQ(api_.count("PATCH"), 2U);
}

TEST_F(Refusals, TheSameReasonIsLoggedOnce) {
  api_.refuse("GET /api/v1/nodes", 500);
  start();
  testing::internal::CaptureStderr();
  round({kGood});
  ASSERT_TRUE(eventually([&] { return api_.count("GET /api/v1/nodes") > 5; }));
  log::flush();
  const std::string log = testing::internal::GetCapturedStderr();
  const auto first = log.find("get nodes n1: 500");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(log.find("get nodes n1: 500", first + 1), std::string::npos);
}

TEST_F(Refusals, AnApiServerThatGoesAwayIsWaitedFor) {
  start();
  api_.set_pod(pod("cart-0"));
  round({kGood});
  ASSERT_TRUE(label_becomes("true"));
  ASSERT_TRUE(eventually([&] { return side_->pods().name_of("uid-cart-0").name == "cart-0"; }));
  api_.go_away();
  round({kBad});
  EXPECT_TRUE(metrics_show("smc_node_api_up{what=\"node\"} 0\n"));
  EXPECT_TRUE(metrics_show("smc_node_api_up{what=\"pods\"} 0\n"));
  EXPECT_EQ(side_->pods().name_of("uid-cart-0").name, "cart-0") << "the last known names stay";
  api_.come_back();
  EXPECT_TRUE(label_becomes(""));
  EXPECT_TRUE(metrics_show("smc_node_api_up{what=\"pods\"} 1\n"));
  api_.set_pod(pod("cart-1"));
  EXPECT_TRUE(eventually([&] { return side_->pods().name_of("uid-cart-1").name == "cart-1"; }));
}

TEST_F(Refusals, StopsAtOnceWhileTheApiServerIsAway) {
  options_.backoff = {std::chrono::hours(1), std::chrono::hours(1)};
  start();
  api_.go_away();
  round({kGood});
  ASSERT_TRUE(metrics_show("smc_node_api_up{what=\"node\"} 0\n"));
  const auto began = Clock::now();
  side_.reset();
  EXPECT_LT(Clock::now() - began, std::chrono::minutes(1)) << "the pause is an hour";
  api_.come_back();
}

}  // namespace
}  // namespace smc::node
