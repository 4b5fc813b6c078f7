// What the daemon asks API servers and tells them, beside its admissions: the mesh switch, the
// namespaces, and Events.
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/mesh/fake_mesh.h"
#include "test/webhook/cluster/fake_namespaces.h"
#include "test/webhook/daemon/daemon.h"
#include "test/webhook/https/certificates.h"
#include "test/webhook/review/reviews.h"

namespace smc::webhook {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

const json kOn = {{"smcEnabled", true}};
const json kOff = {{"smcEnabled", false}};

std::string kubeconfig_for(const kube::Cluster& cluster) {
  const std::string server = "http://127.0.0.1:" + std::to_string(cluster.port);
  return json{
      {"current-context", "c"},
      {"clusters", json::array({{{"name", "c"}, {"cluster", {{"server", server}}}}})},
      {"users", json::array({{{"name", "u"}, {"user", {{"token", "secret"}}}}})},
      {"contexts", json::array({{{"name", "c"}, {"context", {{"cluster", "c"}, {"user", "u"}}}}})}}
      .dump();
}

class DaemonsMesh : public testing::Test {
 protected:
  DaemonsMesh() : volume_(directory_.file("mesh")) {
    mesh_.serve();
    volume_.write({{"kubeconfig", kubeconfig_for(*mesh_.cluster())}});
  }
  DaemonOptions options(const std::string& config = "{}") {
    DaemonOptions out;
    out.config = config;
    out.flags = {{"--mesh-kubeconfig", volume_.file("kubeconfig")}};
    return out;
  }

  FakeMesh mesh_;
  smc::test::TemporaryDirectory directory_;
  MountedVolume volume_;
};

constexpr const char* kEnabled = "smc_webhook_mesh_smc_enabled";
constexpr const char* kDisabledReviews = "smc_webhook_reviews_total{decision=\"mesh_disabled\"}";

TEST_F(DaemonsMesh, SwitchesReviewsWithinTwoSecondsAndWithoutARestart) {
  mesh_.put(kOn);
  Daemon daemon(options());
  ASSERT_TRUE(daemon.metric_becomes("smc_webhook_mesh_source{source=\"ASMMeshConfig\"}", 1));
  for (const bool on : {false, true, false}) {
    const auto began = std::chrono::steady_clock::now();
    mesh_.put(on ? kOn : kOff);
    EXPECT_TRUE(daemon.metric_becomes(kEnabled, on ? 1 : 0));
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(2));
    const double before = daemon.metric(kDisabledReviews);
    EXPECT_EQ(daemon.review_status(), 200);
    EXPECT_EQ(daemon.metric(kDisabledReviews), before + (on ? 0 : 1));
  }
}

TEST_F(DaemonsMesh, AReloadDoesNotOverruleTheObjectAndCountsOnceItIsGone) {
  mesh_.put(kOff);
  Daemon daemon(options("mesh: {smcEnabled: true}"));
  ASSERT_TRUE(daemon.metric_becomes(kEnabled, 0));
  daemon.write_config("mesh: {smcEnabled: true}\nlog: {level: debug}");
  ASSERT_TRUE(daemon.metric_becomes(reloads("config", "ok"), 1));
  EXPECT_EQ(daemon.metric(kEnabled), 0);
  daemon.write_config("mesh: {smcEnabled: false}");
  ASSERT_TRUE(daemon.metric_becomes(reloads("config", "ok"), 2));
  mesh_.put(kOn);
  EXPECT_TRUE(daemon.metric_becomes(kEnabled, 1));
  mesh_.remove();
  EXPECT_TRUE(daemon.metric_becomes(kEnabled, 0)) << "the configuration as it was reloaded";
}

TEST_F(DaemonsMesh, ALostWatchIsSaidInReadyzTheLogAndAMetric) {
  mesh_.put(kOff);
  Daemon daemon(options());
  ASSERT_TRUE(daemon.metric_becomes(kEnabled, 0));
  for (const char* verb : {"discover", "list", "watch"}) mesh_.refuse(verb, 503);
  EXPECT_TRUE(daemon.metric_becomes("smc_webhook_api_up{what=\"mesh_switch\"}", 0));
  const HttpAnswer ready = daemon.get("/readyz");
  EXPECT_EQ(ready.status, 200);
  EXPECT_THAT(ready.body,
              HasSubstr("ready\nnotice: mesh-switch: the watch is lost, the last known value "
                        "(off) stays: "));
  EXPECT_EQ(daemon.logged("mesh switch: watch lost, what was seen last stays")["seen"], "off");
  EXPECT_EQ(daemon.metric(kEnabled), 0);
}

TEST_F(DaemonsMesh, ABadKubeconfigStopsNoAdmission) {
  volume_.write({{"kubeconfig", "malformed"}});
  Daemon daemon(options());
  EXPECT_TRUE(becomes_true([&] { return daemon.get("/readyz").status == 200; }));
  EXPECT_THAT(daemon.get("/readyz").body, HasSubstr("not a kubeconfig"));
  EXPECT_EQ(daemon.review_status(), 200);
  mesh_.put(kOff);
  volume_.write({{"kubeconfig", kubeconfig_for(*mesh_.cluster())}});
  EXPECT_TRUE(daemon.metric_becomes(kEnabled, 0));
}

TEST(DaemonsKubeconfig, ThatIsWrongIsAClearErrorAtTheStart) {
  for (const char* twin :
       {"SMC_WEBHOOK_MESH_WATCH", "SMC_WEBHOOK_EVENTS", "SMC_WEBHOOK_RUNTIME_CLASSES"}) {
    const certs::KeyPair pair = new_serving_pair();
    smc::test::TemporaryDirectory directory;
    std::ofstream(directory.file("tls.crt")) << pair.certificate_pem;
    std::ofstream(directory.file("tls.key")) << pair.key_pem;
    smc::test::ChildOptions start;
    start.arguments = {"serve",
                       "--tls-cert",
                       directory.file("tls.crt"),
                       "--tls-key",
                       directory.file("tls.key"),
                       "--listen",
                       "127.0.0.1:0",
                       "--health-listen",
                       "127.0.0.1:0",
                       "--kubeconfig",
                       directory.file("none")};
    start.environment = {{twin, "true"}};
    smc::test::Child child(kProgram, start);
    EXPECT_EQ(child.wait(kPatience), 2);
    EXPECT_THAT(child.err(), AllOf(HasSubstr("No such file"), HasSubstr("hint: --kubeconfig")));
  }
}

constexpr const char* kNamespacesUp = "smc_webhook_api_up{what=\"namespaces\"}";

std::string injections(const char* mode) {
  return std::string("smc_webhook_injections_total{mode=\"") + mode + "\"}";
}

class DaemonsNamespaces : public testing::Test {
 protected:
  DaemonsNamespaces() {
    std::ofstream(directory_.file("kubeconfig")) << kubeconfig_for(*api_.cluster());
  }
  DaemonOptions options(const std::string& mode) {
    DaemonOptions out;
    out.config = "initContainer: {mode: " + mode + "}";
    out.flags = {{"--kubeconfig", directory_.file("kubeconfig")}};
    return out;
  }
  // Whether the review's pod gets a container of this mode, sooner or later.
  static bool injects(const Daemon& daemon, const char* mode) {
    return becomes_true([&] {
      const double before = daemon.metric(injections(mode));
      return daemon.review_status() == 200 && daemon.metric(injections(mode)) == before + 1;
    });
  }

  FakeNamespaces api_;
  smc::test::TemporaryDirectory directory_;
};

TEST_F(DaemonsNamespaces, DecideTheModeWhileItIsAuto) {
  api_.put("shop");
  Daemon daemon(options("auto"));
  ASSERT_TRUE(daemon.metric_becomes(kNamespacesUp, 1));
  EXPECT_TRUE(injects(daemon, "privileged"));
  EXPECT_EQ(daemon.logged("review")["mode"], "privileged");
  api_.put("shop", "baseline");
  EXPECT_TRUE(injects(daemon, "agent"));
  api_.put("shop", "privileged");
  EXPECT_TRUE(injects(daemon, "privileged"));
}

TEST_F(DaemonsNamespaces, AreFollowedAsTheConfigurationSaysNow) {
  api_.put("shop");
  Daemon daemon(options("agent"));
  EXPECT_TRUE(injects(daemon, "agent"));
  EXPECT_EQ(daemon.metric(kNamespacesUp), -1);
  daemon.write_config("initContainer: {mode: auto}");
  ASSERT_TRUE(daemon.metric_becomes(kNamespacesUp, 1));
  EXPECT_TRUE(injects(daemon, "privileged"));
  daemon.write_config("initContainer: {mode: agent}");
  ASSERT_TRUE(daemon.metric_becomes(kNamespacesUp, -1));
  EXPECT_TRUE(injects(daemon, "agent"));
}

TEST_F(DaemonsNamespaces, ThatMayNotBeReadLeavePodsToTheAgent) {
  api_.put("shop");
  api_.refuse(403);
  Daemon daemon(options("auto"));
  const json line = daemon.logged("namespaces cannot be read, pods are left to the node's agent");
  EXPECT_THAT(line["hint"], HasSubstr("namespaces"));
  EXPECT_EQ(daemon.metric(kNamespacesUp), 0);
  EXPECT_TRUE(injects(daemon, "agent"));
  const HttpAnswer ready = daemon.get("/readyz");
  EXPECT_EQ(ready.status, 200);
  EXPECT_THAT(ready.body, HasSubstr("ready\nnotice: namespaces: not known, "));
}

TEST(DaemonsCluster, ThatIsNotThereLeavesPodsToTheAgent) {
  DaemonOptions options;
  options.config = "initContainer: {mode: auto}";
  Daemon daemon(options);
  const json line = daemon.logged("namespaces cannot be read, pods are left to the node's agent");
  EXPECT_THAT(line["error"], HasSubstr("KUBERNETES_SERVICE_HOST"));
  EXPECT_THAT(line["hint"], HasSubstr("--kubeconfig"));
  EXPECT_EQ(daemon.review_status(), 200);
  EXPECT_EQ(daemon.metric(injections("agent")), 1);
  EXPECT_EQ(daemon.metric(kNamespacesUp), 0);
  EXPECT_EQ(daemon.get("/readyz").status, 200);
}

TEST(DaemonsEvents, AreToldOfAReviewAndNotOfADryRun) {
  std::mutex mutex;
  std::vector<json> events;
  kube::FakeApi api([&](const kube::ApiRequest& request, kube::ApiResponse& response) {
    const std::lock_guard lock(mutex);
    events.push_back(json::parse(request.body));
    kube::answer(response, 201, "{}");
  });
  smc::test::TemporaryDirectory directory;
  std::ofstream(directory.file("kubeconfig")) << kubeconfig_for(*api.cluster());
  DaemonOptions options;
  options.flags = {{"--kubeconfig", directory.file("kubeconfig")}};
  options.environment = {{"SMC_WEBHOOK_EVENTS", "true"}};
  Daemon daemon(options);
  EXPECT_EQ(daemon.review_status(), 200) << "a dry run";
  json review = test::review_of(test::annotated_pod());
  review["request"]["dryRun"] = false;
  TlsClient client = daemon.client();
  ASSERT_TRUE(client.handshake());
  ASSERT_TRUE(client.exchange(post_request(review.dump())));
  EXPECT_TRUE(daemon.metric_becomes("smc_webhook_events_total{result=\"sent\"}", 1));
  EXPECT_EQ(daemon.terminate(), 0);
  const std::lock_guard lock(mutex);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0]["reason"], "Injected");
  EXPECT_EQ(events[0]["involvedObject"]["name"], "web-6d4");
}

}  // namespace
}  // namespace smc::webhook
