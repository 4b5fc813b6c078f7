// The agent's mesh switch on a played API server: what holds while it is unknown, off, on and lost,
// and what follows for pods.
#include "node-init/agent/cluster/mesh_follower.h"

#include <atomic>
#include <chrono>
#include <future>
#include <memory>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "node-init/agent/cluster/cluster_flags.h"
#include "node-init/agent/cluster/setup_policy.h"
#include "test/kube/fake_api.h"
#include "test/mesh/fake_mesh.h"
#include "test/node-init/agent/cluster/cluster_side_fixture.h"

namespace smc::node {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using test::eventually;

const json kOn = {{"smcEnabled", true}};
const json kOff = {{"smcEnabled", false}};

MeshOptions following(const FakeMesh& mesh, bool configured = true) {
  MeshOptions options;
  options.configured = configured;
  options.watch = agent_mesh_watch();
  options.watch->cluster = mesh.cluster();
  options.watch->watcher.backoff = {milliseconds(2), milliseconds(20)};
  options.watch->discovery = {milliseconds(5), milliseconds(20)};
  return options;
}

// Counts the changes that it hears of.
struct Followed {
  explicit Followed(MeshOptions options) : mesh(std::move(options), [this] { ++changes; }) {}

  bool becomes(bool on) {
    return eventually([&] { return mesh.state().known && mesh.on() == on; });
  }
  // Who hears of a change does so after it can be seen.
  bool heard(int wanted) {
    return eventually([&] { return changes >= wanted; }) && changes == wanted;
  }
  bool watches(bool up) {
    return eventually([&] { return mesh.state().up == up; });
  }

  std::atomic<int> changes{0};
  MeshFollower mesh;
};

// A pod as the webhook leaves it in mode agent.
std::unique_ptr<PodList> waiting_pod() {
  auto pods = std::make_unique<PodList>();
  json pod = test::pod("cart-0");
  pod["spec"]["initContainers"][0]["args"] = {"pod", "--by-agent"};
  pods->replace({pod});
  return pods;
}

TEST(MeshFollower, WithoutAWatchTheConfiguredValueHolds) {
  for (const bool configured : {true, false}) {
    const Followed followed({configured, std::nullopt});
    EXPECT_TRUE(followed.mesh.state().known);
    EXPECT_EQ(followed.mesh.on(), configured);
    EXPECT_EQ(followed.mesh.state().up, std::nullopt);
    EXPECT_EQ(followed.changes, 0);
  }
}

TEST(MeshFollower, TheObjectWinsOverTheConfiguredValue) {
  FakeMesh mesh;
  mesh.serve();
  mesh.put(kOff);
  Followed followed(following(mesh, /*configured=*/true));
  EXPECT_TRUE(followed.becomes(false));
  mesh.put(kOn);
  EXPECT_TRUE(followed.becomes(true));
  mesh.put(kOff);
  EXPECT_TRUE(followed.becomes(false));
  mesh.remove();
  EXPECT_TRUE(followed.becomes(true)) << "no object: the configured value";
  EXPECT_TRUE(followed.watches(true));
}

TEST(MeshFollower, BeforeTheFirstAttemptHasEndedNoPodIsSetUpAfterItTheConfiguredValueHolds) {
  std::promise<void> release;
  const auto released = release.get_future().share();
  kube::FakeApi api([&](const kube::ApiRequest&, kube::ApiResponse& response) {
    released.wait();
    kube::answer(response, 503, "{}");
  });
  MeshOptions options;
  options.watch = agent_mesh_watch();
  options.watch->cluster = api.cluster();
  const auto pods = waiting_pod();
  Followed followed(options);
  const PolicyRequests requests(*pods, followed.mesh, {});
  EXPECT_TRUE(eventually([&] { return !api.requests().empty(); }));
  EXPECT_FALSE(followed.mesh.state().known);
  EXPECT_FALSE(requests.request_of("uid-cart-0"));
  release.set_value();
  EXPECT_TRUE(followed.becomes(true));
  EXPECT_TRUE(followed.watches(false));
  EXPECT_TRUE(requests.request_of("uid-cart-0"));
  EXPECT_TRUE(followed.heard(1));
}

TEST(MeshFollower, HearsOfEachChangeOfTheEffectiveValueAndOfNoOther) {
  FakeMesh mesh;
  mesh.serve();
  mesh.put(kOff);
  Followed followed(following(mesh));
  ASSERT_TRUE(followed.becomes(false));
  EXPECT_TRUE(followed.heard(1)) << "that it is known now";
  mesh.put({{"smcEnabled", false}, {"other", 1}});
  mesh.refuse("watch", 500);
  mesh.cut();
  ASSERT_TRUE(followed.watches(false));
  EXPECT_EQ(followed.changes, 1);
  mesh.put(kOn);
  mesh.allow("watch");
  ASSERT_TRUE(followed.becomes(true));
  EXPECT_TRUE(followed.heard(2));
}

TEST(MeshFollower, KeepsTheLastValueWhileTheWatchIsLost) {
  FakeMesh mesh;
  mesh.serve();
  mesh.put(kOff);
  Followed followed(following(mesh, /*configured=*/true));
  ASSERT_TRUE(followed.becomes(false));
  mesh.refuse("list", 403);
  mesh.refuse("watch", 403);
  mesh.compact();
  ASSERT_TRUE(followed.watches(false));
  EXPECT_FALSE(followed.mesh.on());
}

TEST(MeshFollower, OfPodsNoneIsSetUpWhileTheSwitchIsOffWhateverTheyClaim) {
  FakeMesh mesh;
  mesh.serve();
  mesh.put(kOff);
  const auto pods = waiting_pod();
  Followed followed(following(mesh));
  const PolicyRequests requests(*pods, followed.mesh, {});
  ASSERT_TRUE(followed.becomes(false));
  EXPECT_FALSE(requests.request_of("uid-cart-0"));
  mesh.put(kOn);
  ASSERT_TRUE(followed.becomes(true));
  EXPECT_TRUE(requests.request_of("uid-cart-0"));
}

TEST(MeshFlags, SayWhichApiServerIsFollowed) {
  const auto cluster = std::make_shared<const kube::Cluster>();
  ClusterFlags flags;
  EXPECT_FALSE(cluster_options(flags, cluster).mesh.watch);
  EXPECT_TRUE(cluster_options(flags, cluster).mesh.configured);
  flags.mesh_smc = false;
  flags.mesh_watch = true;
  const MeshOptions here = cluster_options(flags, cluster).mesh;
  EXPECT_FALSE(here.configured);
  EXPECT_EQ(here.watch->cluster, cluster);
  EXPECT_EQ(here.watch->kubeconfig, "");
  flags.mesh_kubeconfig = "/mesh/kubeconfig";
  const MeshOptions other = cluster_options(flags, cluster).mesh;
  EXPECT_EQ(other.watch->cluster, nullptr);
  EXPECT_EQ(other.watch->kubeconfig, "/mesh/kubeconfig");
}

using MeshOfTheSide = test::ClusterSideTest;

TEST_F(MeshOfTheSide, IsInTheMetricsAndTheAgentHearsOfIt) {
  FakeMesh mesh;
  mesh.serve();
  mesh.put(kOff);
  std::atomic<int> heard{0};
  options_.mesh = following(mesh);
  options_.on_change = [&] { ++heard; };
  start();
  EXPECT_TRUE(metrics_show("smc_node_mesh_smc_enabled 0\n"));
  EXPECT_TRUE(metrics_show("smc_node_api_up{what=\"mesh_switch\"} 1\n"));
  ASSERT_TRUE(metrics_show("smc_node_api_up{what=\"pods\"} 1\n"));
  const int before = heard;
  mesh.put(kOn);
  EXPECT_TRUE(metrics_show("smc_node_mesh_smc_enabled 1\n"));
  EXPECT_TRUE(eventually([&] { return heard > before; }));
  mesh.refuse("watch", 500);
  mesh.cut();
  EXPECT_TRUE(metrics_show("smc_node_api_up{what=\"mesh_switch\"} 0\n"));
  side_.reset();
}

TEST_F(MeshOfTheSide, ThatIsNotFollowedHasNoWatchInTheMetrics) {
  start();
  EXPECT_TRUE(metrics_show("smc_node_mesh_smc_enabled 1\n"));
  EXPECT_EQ(side_->metrics().find("mesh_switch"), std::string::npos);
}

}  // namespace
}  // namespace smc::node
