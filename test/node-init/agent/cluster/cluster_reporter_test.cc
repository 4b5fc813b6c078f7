// What the reporting thread does in one turn, and when its next one is due.
#include "node-init/agent/cluster/cluster_reporter.h"

#include <algorithm>
#include <chrono>
#include <csignal>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "test/node-init/agent/cluster/cluster_side_fixture.h"
#include "test/node-init/agent/cluster/fake_cluster.h"
#include "test/node-init/kernel/fake_system.h"

namespace smc::node {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

class Reporter : public testing::Test {
 protected:
  Reporter() {
    std::signal(SIGPIPE, SIG_IGN);
    api_.add_node("n1");
    pods_.replace({test::pod("cart-0", false)});
    auto snapshot = std::make_shared<AgentSnapshot>();
    snapshot->observed = true;
    snapshot_ = snapshot;
  }

  static ClusterOptions options() {
    ClusterOptions options;
    options.node = "n1";
    options.client.user_agent = "test/1";
    options.latch.on_after = seconds(0);
    options.latch.off_after = seconds(0);
    options.pod_grace = seconds(0);
    return options;
  }

  bool up(ApiTask task) const { return health_.states().at(task).up; }

  test::FakeSystem system_;
  test::FakeCluster api_;
  kube::Stop stop_;
  const ClusterOptions options_ = options();
  PodList pods_;
  LabelDecision decision_{options_.latch};
  ApiHealth health_;
  ClusterReporter reporter_{system_, api_.cluster(), stop_, options_, pods_, decision_, health_};
  std::shared_ptr<const AgentSnapshot> snapshot_;
};

TEST_F(Reporter, HasNothingToDoBeforeTheFirstRound) {
  reporter_.work(nullptr);
  EXPECT_EQ(reporter_.due(), RequestPace::kNever);
  EXPECT_TRUE(api_.requests().empty());
}

TEST_F(Reporter, ReadsTheNodeAgainAfterThePeriodGiveOrTakeAQuarter) {
  NodeReport report;
  report.checks = {{"kernel", Verdict::kPass, "new enough", ""}};
  decision_.add_round(report, system_.now());
  reporter_.work(nullptr);
  EXPECT_EQ(api_.label("n1"), "true");
  reporter_.work(snapshot_);  // the Event about it, and one about the pod
  EXPECT_GE(reporter_.due(), system_.now() + options_.node_period * 3 / 4);
  EXPECT_LE(reporter_.due(), system_.now() + options_.node_period * 5 / 4);
}

TEST_F(Reporter, IsNotDueForAnEventThatWasRefusedForGood) {
  api_.refuse("POST", 422);
  reporter_.work(snapshot_);
  EXPECT_FALSE(up(ApiTask::kEvents));
  EXPECT_EQ(reporter_.status().events_dropped, 1U);
  system_.sleep_for(hours(1));
  reporter_.work(snapshot_);
  EXPECT_EQ(reporter_.due(), RequestPace::kNever) << "otherwise its thread would never sleep";
  EXPECT_EQ(api_.count("POST"), 1U);
  EXPECT_FALSE(up(ApiTask::kEvents)) << "nothing has worked since";
}

TEST_F(Reporter, SendsAnEventAgainOnceThePauseAfterAFailureIsOver) {
  api_.refuse("POST", 503, 1);
  reporter_.work(snapshot_);
  EXPECT_FALSE(up(ApiTask::kEvents));
  reporter_.work(snapshot_);
  EXPECT_EQ(api_.count("POST"), 1U) << "the pause is not over";
  EXPECT_GT(reporter_.due(), system_.now());
  system_.sleep_for(seconds(1));
  reporter_.work(snapshot_);
  EXPECT_EQ(api_.events().size(), 1U);
  EXPECT_TRUE(up(ApiTask::kEvents));
}

TEST_F(Reporter, AnExhaustedShareOfEventsIsNoSuccess) {
  std::vector<nlohmann::json> pods;
  for (int i = 0; i < 30; ++i) pods.push_back(test::pod("cart-" + std::to_string(i), false));
  pods_.replace(pods);
  reporter_.work(snapshot_);
  EXPECT_EQ(api_.events().size(), 25U);
  EXPECT_GT(reporter_.due(), system_.now());
  reporter_.work(snapshot_);
  EXPECT_EQ(api_.count("POST"), 25U);
  system_.sleep_for(EventQueue::kRefill);
  reporter_.work(snapshot_);
  EXPECT_EQ(api_.events().size(), 26U);
  EXPECT_EQ(reporter_.status().events_dropped, 0U) << "the others wait";
}

TEST_F(Reporter, FailuresAreMetWithPausesThatGrow) {
  api_.refuse("GET /api/v1/nodes", 500);
  NodeReport report;
  report.checks = {{"kernel", Verdict::kPass, "new enough", ""}};
  decision_.add_round(report, system_.now());
  auto step = options_.backoff.first;
  for (std::size_t failures = 1; failures <= 10; ++failures) {
    reporter_.work(nullptr);
    reporter_.work(nullptr);  // news does not hurry it
    EXPECT_EQ(api_.count("GET /api/v1/nodes"), failures);
    const auto pause = reporter_.due() - system_.now();
    EXPECT_GE(pause, step / 2);
    EXPECT_LE(pause, step);
    system_.sleep_for(std::chrono::ceil<std::chrono::milliseconds>(pause));
    step = std::min(2 * step, options_.backoff.longest);
  }
}

}  // namespace
}  // namespace smc::node
