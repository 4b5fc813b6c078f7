// The agent and the pods of its node: their names, those that are not set up in metrics and Events,
// and what becomes of Events that are not taken.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "test/node-init/agent/cluster/cluster_side_fixture.h"

namespace smc::node {
namespace {

using nlohmann::json;
using test::ClusterSideTest;
using test::eventually;
using test::kGood;
using test::pod;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

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

TEST_F(PodsOfTheNode, AreListedFromTheWatchCacheSinceTheServerWouldReadAllPodsInEtcd) {
  api_.set_pod(pod("cart-0"));
  start();
  ASSERT_TRUE(eventually([&] { return side_->pods().name_of("uid-cart-0").name == "cart-0"; }));
  EXPECT_EQ(api_.count("GET /api/v1/pods?resourceVersion=0"), 1U);
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

TEST_F(PodsOfTheNode, AreReportedOnceForEachReason) {
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

TEST_F(PodsOfTheNode, AnAgentThatStartsAgainDoesNotReportTwice) {
  api_.set_pod(pod("cart-0"));
  for (int agent = 1; agent <= 2; ++agent) {
    start();
    observe({{"uid-cart-0", {}}});
    ASSERT_TRUE(eventually([&] { return api_.count("POST") == static_cast<std::size_t>(agent); }));
    side_.reset();
  }
  EXPECT_THAT(api_.events(), SizeIs(1)) << "the second has the name of the first";
}

TEST_F(PodsOfTheNode, HaveNoSeriesOnceTheyAreSetUpOrGone) {
  NamespaceSetup good;
  good.pnetids = {"PNA"};
  good.programs_use_smc = true;
  api_.set_pod(pod("cart-0"));
  start();
  observe({{"uid-cart-0", {}}});
  ASSERT_TRUE(metrics_show("reason=\"no_pnetid\""));
  observe({{"uid-cart-0", good}});
  EXPECT_TRUE(metrics_drop("reason="));
  observe({{"uid-cart-0", {}}});
  ASSERT_TRUE(metrics_show("reason=\"no_pnetid\""));
  api_.delete_pod(pod("cart-0"));
  EXPECT_TRUE(metrics_drop("reason=")) << "without another look into the namespaces";
}

TEST_F(PodsOfTheNode, ThatTheWebhookDidNotInjectAreReportedAsSuch) {
  api_.set_pod(pod("cart-0", false));
  start();
  observe({});
  EXPECT_TRUE(metrics_show("reason=\"not_injected\""));
}

TEST_F(PodsOfTheNode, AreNoFindingBeforeTheFirstObservation) {
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
  log::flush();
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

}  // namespace
}  // namespace smc::node
