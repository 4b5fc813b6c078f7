// The agent and the API server: what is written upon the Node and when, what the metrics say of
// pods, and what becomes of it all while the API server refuses or is away.
#include "node-init/agent/cluster/cluster_side.h"

#include <csignal>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "fake_cluster.h"

namespace smc::node {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using test::eventually;
using test::FakeCluster;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr const char* kKey = "smc.asm.alibabacloud.com/erdma";
const CheckResult kGood{"kernel", Verdict::kPass, "new enough", ""};
const CheckResult kBad{"rdma device", Verdict::kFail, "this namespace sees none", "attach one"};

json pod(const std::string& name, bool injected = true) {
  json out = {{"metadata",
               {{"uid", "uid-" + name},
                {"namespace", "shop"},
                {"name", name},
                {"annotations", {{"smc.asm.alibabacloud.com/enabled", "true"}}}}},
              {"spec", {{"nodeName", "n1"}}},
              {"status", {{"phase", "Running"}}}};
  if (injected) {
    out["metadata"]["annotations"]["smc.asm.alibabacloud.com/status"] =
        R"({"version":"1","container":"smc-init"})";
    out["spec"]["initContainers"] = {{{"name", "smc-init"}}};
  }
  return out;
}

class ClusterSideTest : public testing::Test {
 protected:
  ClusterSideTest() {
    std::signal(SIGPIPE, SIG_IGN);
    options_.node = "n1";
    options_.client.user_agent = "test/1";
    options_.latch.on_after = milliseconds(0);
    options_.latch.off_after = milliseconds(0);
    options_.node_period = milliseconds(50);
    options_.pod_grace = milliseconds(0);
    options_.backoff = {milliseconds(2), milliseconds(20)};
    api_.add_node("n1");
  }

  void start() { side_ = std::make_unique<ClusterSide>(api_.cluster(), options_); }

  // A round with these checks.
  void round(const std::vector<CheckResult>& checks) {
    snapshot_.report.checks = checks;
    snapshot_.last_round += std::chrono::seconds(1);
    publish();
  }
  void publish() { side_->published(std::make_shared<const AgentSnapshot>(snapshot_)); }
  // A look into the namespaces: these pods have this one.
  void observe(const std::map<std::string, NamespaceSetup>& seen) {
    snapshot_.observed = true;
    snapshot_.observation = {};
    snapshot_.observation.active_pnetids = {"PNA"};
    for (const auto& [uid, setup] : seen) snapshot_.observation.pods[uid].setups = {setup};
    publish();
  }

  bool label_becomes(const std::string& value) {
    return eventually([&] { return api_.label("n1") == value; });
  }
  bool metrics_show(const std::string& line) {
    return eventually([&] { return side_->metrics().find(line) != std::string::npos; });
  }
  bool metrics_lose(const std::string& text) {
    return eventually([&] { return side_->metrics().find(text) == std::string::npos; });
  }

  FakeCluster api_;
  ClusterOptions options_;
  AgentSnapshot snapshot_;
  std::unique_ptr<ClusterSide> side_;
};

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

TEST_F(Label, GoesAtOnceWhereUninstallToldTheAgentToStandDown) {
  options_.latch.off_after = std::chrono::hours(1);
  start();
  round({kGood});
  ASSERT_TRUE(label_becomes("true"));
  snapshot_.report.stood_down = true;
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
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr(R"(the verb \"patch\" on resource \"nodes\")"));
  api_.accept_all();
  EXPECT_TRUE(label_becomes("true"));
  EXPECT_TRUE(metrics_show("smc_node_api_up{what=\"node\"} 1\n"));
}

TEST_F(Refusals, ANodeThatIsNotThereIsAskedForAgain) {
  api_.remove_node("n1");
  start();
  testing::internal::CaptureStderr();
  round({kGood});
  EXPECT_TRUE(metrics_show("smc_node_api_up{what=\"node\"} 0\n"));
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("is --node-name right?"));
  api_.add_node("n1");
  EXPECT_TRUE(label_becomes("true"));
}

TEST_F(Refusals, AConflictIsReadAndTriedAgain) {
  api_.refuse("PATCH", 409, 1);
  start();
  round({kGood});
  EXPECT_TRUE(label_becomes("true"));
  EXPECT_EQ(api_.count("PATCH"), 2U);
}

TEST_F(Refusals, AreMetWithPausesThatGrow) {
  options_.backoff = {milliseconds(50), milliseconds(200)};
  api_.refuse("GET /api/v1/nodes", 500);
  start();
  round({kGood});
  for (int i = 0; i < 100; ++i) {  // news does not hurry it
    round({kGood});
    std::this_thread::sleep_for(milliseconds(5));
  }
  // 25 to 50 ms, 50 to 100, then 100 to 200 each, in a good half second; a slow machine takes
  // longer.
  EXPECT_LE(api_.count("GET /api/v1/nodes"), 20U);
  EXPECT_GE(api_.count("GET /api/v1/nodes"), 2U);
}

TEST_F(Refusals, TheSameReasonIsLoggedOnce) {
  api_.refuse("GET /api/v1/nodes", 500);
  start();
  testing::internal::CaptureStderr();
  round({kGood});
  ASSERT_TRUE(eventually([&] { return api_.count("GET /api/v1/nodes") > 5; }));
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
  EXPECT_LT(Clock::now() - began, std::chrono::seconds(1));
  api_.come_back();
}

using PodsOfTheNode = ClusterSideTest;

TEST_F(PodsOfTheNode, ComeAndGo) {
  api_.set_pod(pod("cart-0"));
  start();
  EXPECT_TRUE(eventually([&] { return side_->pods().name_of("uid-cart-0").name == "cart-0"; }));
  api_.set_pod(pod("cart-1"));
  EXPECT_TRUE(eventually([&] { return side_->pods().name_of("uid-cart-1").ns == "shop"; }));
  api_.delete_pod(pod("cart-0"));
  observe({});
  EXPECT_TRUE(eventually([&] {
    observe({});
    return side_->pods().name_of("uid-cart-0").name.empty();
  }));
}

TEST_F(PodsOfTheNode, AreListedAgainWhereTheServerForgotTheChanges) {
  api_.set_pod(pod("cart-0"));
  start();
  ASSERT_TRUE(eventually([&] { return side_->pods().name_of("uid-cart-0").name == "cart-0"; }));
  api_.forget_history();
  api_.set_pod(pod("cart-1"));
  EXPECT_TRUE(eventually([&] { return side_->pods().name_of("uid-cart-1").name == "cart-1"; }));
}

TEST_F(PodsOfTheNode, ThatAreNotSetUpAreAMetricAndAnEvent) {
  api_.set_pod(pod("cart-0"));
  start();
  round({kGood});
  observe({{"uid-cart-0", {}}});
  EXPECT_TRUE(
      metrics_show("smc_node_annotated_not_set_up{namespace=\"shop\",pod=\"cart-0\","
                   "pod_uid=\"uid-cart-0\",reason=\"no_pnetid\"} 1\n"));
  ASSERT_TRUE(eventually([&] { return api_.events().size() == 2; })) << "the Node's and the pod's";
  json told;
  for (const json& event : api_.events())
    if (event["involvedObject"]["kind"] == "Pod") told = event;
  EXPECT_EQ(told["reason"], "SmcNotSetUp");
  EXPECT_EQ(told["involvedObject"]["uid"], "uid-cart-0");
  EXPECT_EQ(told["metadata"]["namespace"], "shop");
  EXPECT_THAT(told["message"].get<std::string>(), HasSubstr("no_pnetid: "));
}

TEST_F(PodsOfTheNode, AreToldOnceForEachReason) {
  api_.set_pod(pod("cart-0"));
  start();
  NamespaceSetup other;
  other.pnetids = {"OTHER"};
  for (int i = 0; i < 5; ++i) {
    observe({{"uid-cart-0", {}}});
    ASSERT_TRUE(metrics_show("reason=\"no_pnetid\""));
    observe({{"uid-cart-0", other}});
    ASSERT_TRUE(metrics_show("reason=\"pnetid_without_device\""));
  }
  EXPECT_TRUE(eventually([&] { return api_.events().size() == 2; }));
  EXPECT_EQ(api_.count("POST"), 2U);
}

TEST_F(PodsOfTheNode, AnAgentThatStartsAgainDoesNotTellTwice) {
  api_.set_pod(pod("cart-0"));
  for (int agent = 1; agent <= 2; ++agent) {
    start();
    observe({{"uid-cart-0", {}}});
    ASSERT_TRUE(eventually([&] { return api_.count("POST") == static_cast<std::size_t>(agent); }));
    side_.reset();
  }
  EXPECT_THAT(api_.events(), SizeIs(1)) << "the second has the name of the first";
}

TEST_F(PodsOfTheNode, LoseTheirSeriesWhenTheyAreSetUpAndWhenTheyGo) {
  NamespaceSetup good;
  good.pnetids = {"PNA"};
  api_.set_pod(pod("cart-0"));
  start();
  observe({{"uid-cart-0", {}}});
  ASSERT_TRUE(metrics_show("reason=\"no_pnetid\""));
  observe({{"uid-cart-0", good}});
  EXPECT_TRUE(metrics_lose("reason="));
  observe({{"uid-cart-0", {}}});
  ASSERT_TRUE(metrics_show("reason=\"no_pnetid\""));
  api_.delete_pod(pod("cart-0"));
  EXPECT_TRUE(metrics_lose("reason=")) << "without another look into the namespaces";
}

TEST_F(PodsOfTheNode, ThatTheWebhookDidNotSeeAreSaidToBeNotInjected) {
  api_.set_pod(pod("cart-0", false));
  start();
  observe({});
  EXPECT_TRUE(metrics_show("reason=\"not_injected\""));
}

TEST_F(PodsOfTheNode, NobodyIsAccusedBeforeTheFirstLook) {
  api_.set_pod(pod("cart-0"));
  start();
  round({kGood});
  ASSERT_TRUE(label_becomes("true"));
  EXPECT_THAT(side_->metrics(), Not(HasSubstr("reason=")));
}

TEST_F(PodsOfTheNode, EventsThatAreRefusedDoNotHoldUpTheLabel) {
  api_.refuse("POST", 422);
  api_.set_pod(pod("cart-0"));
  start();
  observe({{"uid-cart-0", {}}});
  EXPECT_TRUE(metrics_show("smc_node_api_up{what=\"events\"} 0\n"));
  EXPECT_TRUE(metrics_show("smc_node_events_dropped_total 1\n"));
  round({kGood});
  EXPECT_TRUE(label_becomes("true"));
}

TEST_F(PodsOfTheNode, EventsWaitForTheRightToMakeThem) {
  api_.refuse("POST", 403, 3);
  api_.set_pod(pod("cart-0"));
  start();
  testing::internal::CaptureStderr();
  observe({{"uid-cart-0", {}}});
  EXPECT_TRUE(eventually([&] { return api_.events().size() == 1; }));
  EXPECT_TRUE(metrics_show("smc_node_events_dropped_total 0\n"));
  EXPECT_TRUE(metrics_show("smc_node_api_up{what=\"events\"} 1\n"));
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr(R"(the verb \"create\" on resource \"events\")"));
}

TEST_F(PodsOfTheNode, EventsInANamespaceThatIsBeingDeletedHoldUpNoOthers) {
  api_.refuse("POST /api/v1/namespaces/shop", 403, 1 << 30, "NamespaceTerminating");
  api_.set_pod(pod("cart-0"));
  start();
  observe({{"uid-cart-0", {}}});
  round({kGood});
  EXPECT_TRUE(eventually([&] { return api_.events().size() == 1; })) << "the Node's";
  EXPECT_TRUE(metrics_show("smc_node_events_dropped_total 1\n"));
}

TEST_F(PodsOfTheNode, EventsWaitForAnApiServerThatIsBusy) {
  api_.refuse("POST", 503, 3);
  api_.set_pod(pod("cart-0"));
  start();
  observe({{"uid-cart-0", {}}});
  EXPECT_TRUE(eventually([&] { return api_.events().size() == 1; }));
  EXPECT_TRUE(metrics_show("smc_node_events_dropped_total 0\n"));
}

TEST_F(PodsOfTheNode, AHundredAtOnceGetNoMoreThanTheBurstOfEvents) {
  for (int i = 0; i < 100; ++i) api_.set_pod(pod("cart-" + std::to_string(i), false));
  start();
  observe({});
  ASSERT_TRUE(eventually([&] { return api_.events().size() >= 25; }));
  std::this_thread::sleep_for(milliseconds(200));
  // One more for every five seconds that passed.
  EXPECT_LE(api_.events().size(), 28U);
  EXPECT_EQ(side_->metrics().find("events_dropped_total 0") == std::string::npos, false);
}

}  // namespace
}  // namespace smc::node
