// The before/after measurement in a cluster: what it makes, that it takes it away again, and what
// it says of pods that will not run. The API server is played; its pods' results are real JSON.
#include "kubectl/bench.h"

#include <mutex>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/keys.h"
#include "test/kube/fake_api.h"
#include "test/kubectl/objects.h"
#include "test/smc-bench/sample.h"

namespace smc::kubectl {
namespace {

using kube::ApiRequest;
using kube::ApiResponse;
using kube::FakeApi;
using kube::status_body;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// Pods by "NS/NAME". Servers run; loads have ended at once, with a result in their log.
class PlayedCluster {
 public:
  std::function<void(json& pod)> change = [](json&) {};  // of each pod that is made
  bool refuse_removal = false;
  int unavailable = 0;  // of how many requests from the next on, other than those that make
  std::set<std::string> nodes_for_smc = {"node1", "node2"};
  bool nodes_are_secret = false;
  std::set<std::string> namespaces;
  std::map<std::string, json> pods;
  std::vector<json> made;

  std::shared_ptr<const kube::Cluster> cluster() const { return api_.cluster(); }

 private:
  void serve(const ApiRequest& request, ApiResponse& out) {
    const std::lock_guard lock(mutex_);
    const std::string ns = part_behind(request.path, "/namespaces/");
    const std::string name = part_behind(request.path, "/pods/");
    if (const std::string node = part_behind(request.path, "/nodes/"); !node.empty())
      return answer_node(node, out);
    if (request.method == "POST") return make(request, ns, out);
    if (unavailable > 0) {
      --unavailable;
      return answer(out, 503, status_body("ServiceUnavailable", 503));
    }
    if (request.method == "DELETE") return remove(ns, name, out);
    const auto found = pods.find(ns + "/" + name);
    if (found == pods.end()) return answer(out, 404, status_body("NotFound", 404));
    if (!request.target.ends_with("/log?container=smc-bench"))
      return answer(out, 200, found->second.dump());
    answer(out, 200, to_json(bench::sample_result()) + "smc-bench: error: behind the result\n");
  }

  void answer_node(const std::string& name, ApiResponse& out) const {
    if (nodes_are_secret) return answer(out, 403, status_body("Forbidden", 403));
    json node = {{"metadata", {{"name", name}, {"labels", json::object()}}}};
    if (nodes_for_smc.contains(name))
      node["metadata"]["labels"][std::string(kNodeLabelKey)] = std::string(kNodeLabelValue);
    answer(out, 200, node.dump());
  }

  void make(const ApiRequest& request, const std::string& ns, ApiResponse& out) {
    json object = json::parse(request.body);
    if (ns.empty()) {
      namespaces.insert(object["metadata"]["name"]);
      return answer(out, 201, object.dump());
    }
    made.push_back(object);
    const bool is_load = object["metadata"]["labels"]["smc-bench/role"] == "load";
    object["spec"]["nodeName"] = is_load ? "node2" : "node1";
    object["status"] = {
        {"phase", is_load ? "Succeeded" : "Running"},
        {"podIP", "10.1.2.3"},
        {"conditions", json::array({{{"type", "Ready"}, {"status", is_load ? "False" : "True"}}})}};
    change(object);
    pods[ns + "/" + object["metadata"]["name"].get<std::string>()] = object;
    answer(out, 201, object.dump());
  }

  void remove(const std::string& ns, const std::string& name, ApiResponse& out) {
    if (refuse_removal) return answer(out, 403, status_body("Forbidden", 403));
    pods.erase(ns + "/" + name);
    if (name.empty()) {
      namespaces.erase(ns);
      std::erase_if(pods, [&](const auto& pod) { return pod.first.starts_with(ns + "/"); });
    }
    answer(out, 200, R"({"kind":"Status"})");
  }

  static std::string part_behind(const std::string& path, const std::string& what) {
    const std::size_t at = path.find(what);
    if (at == std::string::npos) return "";
    const std::string rest = path.substr(at + what.size());
    return rest.substr(0, rest.find('/'));
  }

  std::mutex mutex_;
  FakeApi api_{[this](const ApiRequest& request, ApiResponse& out) { serve(request, out); }};
};

class BenchTest : public testing::Test {
 protected:
  kube::Outcome<BenchResults> run_pair() { return bench_.run_pair("registry/smc-bench:1"); }
  void clean() {
    const auto cleaned = bench_.clean(client_);
    EXPECT_TRUE(cleaned) << cleaned.error().what;
  }

  PlayedCluster cluster_;
  kube::Stop stop_;
  kube::Client client_{cluster_.cluster(), stop_, kube::client_options()};
  BenchOptions options_;
  Bench bench_{client_, stop_, options_, [](const std::string&) {}};
};

bool is_load(const json& pod) {
  return pod["metadata"]["labels"]["smc-bench/role"] == "load";
}

std::string argument_behind(const json& pod, const std::string& flag) {
  const auto& all = pod["spec"]["containers"][0]["args"];
  for (std::size_t i = 0; i + 1 < all.size(); ++i)
    if (all[i] == flag) return all[i + 1];
  return "";
}

TEST_F(BenchTest, MeasuresOverTcpAndThenOverSmcInANamespaceOfItsOwn) {
  const auto results = run_pair();
  ASSERT_TRUE(results) << results.error().what;
  EXPECT_THAT(results->before, SizeIs(1));
  EXPECT_THAT(results->after, SizeIs(1));
  ASSERT_THAT(cluster_.made, SizeIs(4));
  const json& load = cluster_.made[1];
  EXPECT_FALSE(cluster_.made[0]["metadata"]["annotations"].contains(kEnabledAnnotation));
  EXPECT_EQ(argument_behind(load, "--expect"), "tcp");
  EXPECT_EQ(load["spec"]["containers"][0]["args"][1], "http://10.1.2.3:8080/echo");
  for (const json& with : {cluster_.made[2], cluster_.made[3]})
    EXPECT_EQ(with["metadata"]["annotations"][std::string(kEnabledAnnotation)], "true");
  EXPECT_EQ(argument_behind(cluster_.made[3], "--expect"), "smc-r");
  clean();
  EXPECT_THAT(cluster_.pods, IsEmpty());
  EXPECT_THAT(cluster_.namespaces, IsEmpty());
}

TEST_F(BenchTest, BothSidesRunOnTheSameTwoNodes) {
  ASSERT_TRUE(run_pair());
  EXPECT_EQ(cluster_.made[0]["spec"]["nodeSelector"],
            json({{"smc.asm.alibabacloud.com/erdma", "true"}}));
  EXPECT_TRUE(cluster_.made[1]["spec"]["affinity"].contains("podAntiAffinity"));
  EXPECT_EQ(cluster_.made[2]["spec"]["nodeSelector"], json({{"kubernetes.io/hostname", "node1"}}));
  EXPECT_EQ(cluster_.made[3]["spec"]["nodeSelector"], json({{"kubernetes.io/hostname", "node2"}}));
  clean();
}

TEST_F(BenchTest, RoundsAreInterleaved) {
  options_.rounds = 3;
  const auto results = run_pair();
  ASSERT_TRUE(results);
  EXPECT_THAT(results->before, SizeIs(3));
  EXPECT_THAT(results->after, SizeIs(3));
  std::string order;
  for (const json& pod : cluster_.made)
    if (is_load(pod)) order += argument_behind(pod, "--expect") + " ";
  EXPECT_EQ(order, "tcp smc-r tcp smc-r tcp smc-r ");
  clean();
}

TEST_F(BenchTest, BesideAPodItMakesTheLoadAloneThere) {
  options_.workload = "deployment/client";
  options_.url = "http://server:8080/echo";
  options_.before_after = true;
  const auto results = bench_.run_beside("registry/smc-bench:1", {pod("shop", "client-1")});
  ASSERT_TRUE(results) << results.error().what;
  ASSERT_THAT(cluster_.made, SizeIs(2));
  for (const json& load : cluster_.made) {
    EXPECT_EQ(load["metadata"]["namespace"], "shop");
    EXPECT_EQ(load["spec"]["nodeSelector"], json({{"kubernetes.io/hostname", "node1"}}));
    EXPECT_EQ(load["spec"]["containers"][0]["args"][1], "http://server:8080/echo");
  }
  EXPECT_THAT(cluster_.namespaces, IsEmpty()) << "the namespace is somebody's";
  EXPECT_THAT(cluster_.pods, IsEmpty());
}

TEST_F(BenchTest, BesideAWorkloadItTakesAPodOnANodeForSmc) {
  options_.workload = "deployment/client";
  options_.url = "http://server:8080/echo";
  json elsewhere = pod("shop", "client-1");
  elsewhere["spec"]["nodeName"] = "node3";
  json waiting = pod("shop", "client-2");
  waiting["spec"].erase("nodeName");
  const std::vector<json> pods = {waiting, elsewhere, pod("shop", "client-3")};
  ASSERT_TRUE(bench_.run_beside("registry/smc-bench:1", pods));
  ASSERT_THAT(cluster_.made, SizeIs(1));
  EXPECT_EQ(cluster_.made[0]["spec"]["nodeSelector"], json({{"kubernetes.io/hostname", "node1"}}));

  const auto none = bench_.run_beside("registry/smc-bench:1", {waiting, elsewhere});
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().what, HasSubstr("deployment/client runs on node3 without the label"));
  EXPECT_THAT(cluster_.made, SizeIs(1)) << "nothing is made that cannot be placed";

  const auto nowhere = bench_.run_beside("registry/smc-bench:1", {waiting});
  ASSERT_FALSE(nowhere);
  EXPECT_THAT(nowhere.error().what, HasSubstr("deployment/client has no pod on a node"));

  cluster_.nodes_are_secret = true;
  EXPECT_TRUE(bench_.run_beside("registry/smc-bench:1", {elsewhere}))
      << "who may not read Nodes measures all the same";
}

TEST_F(BenchTest, APodThatEndsTooEarlyEndsItWithTheReasonAndNothingStays) {
  cluster_.change = [](json& pod) {
    pod["status"] = {
        {"phase", "Failed"},
        {"initContainerStatuses",
         json::array(
             {{{"name", "smc-init"},
               {"state", {{"terminated", {{"exitCode", 2}, {"message", "no device"}}}}}}})}};
  };
  const auto results = run_pair();
  ASSERT_FALSE(results);
  EXPECT_THAT(results.error().what, HasSubstr("smc-init ended with 2: no device"));
  clean();
  EXPECT_THAT(cluster_.namespaces, IsEmpty());
  EXPECT_THAT(cluster_.pods, IsEmpty());
}

TEST_F(BenchTest, AnApiServerThatIsBusyForAMomentDoesNotEndIt) {
  for (const char* of : {"server", "load"}) {
    SCOPED_TRACE(of);
    cluster_.change = [&, of](const json& pod) {
      if (pod["metadata"]["labels"]["smc-bench/role"] == of) cluster_.unavailable = 2;
    };
    const auto results = run_pair();
    EXPECT_TRUE(results) << results.error().what;
    EXPECT_EQ(cluster_.unavailable, 0);
    clean();
  }
}

TEST_F(BenchTest, NoLoadIsMadeBeforeTheServerListens) {
  cluster_.change = [&](json& pod) {
    pod["status"]["conditions"][0]["status"] = "False";
    stop_.request();
  };
  EXPECT_FALSE(run_pair());
  ASSERT_THAT(cluster_.made, SizeIs(1));
  EXPECT_EQ(cluster_.made[0]["spec"]["containers"][0]["readinessProbe"]["httpGet"],
            json({{"path", "/echo"}, {"port", 8080}}));
}

TEST_F(BenchTest, AnInterruptEndsTheWaitAndWhatWasMadeIsRemovedAllTheSame) {
  cluster_.change = [&](json& pod) {
    pod["status"]["phase"] = "Pending";
    stop_.request();
  };
  EXPECT_FALSE(run_pair());
  EXPECT_THAT(cluster_.namespaces, SizeIs(1));
  const kube::Stop not_interrupted;
  kube::Client cleaner(cluster_.cluster(), not_interrupted, kube::client_options());
  EXPECT_TRUE(bench_.clean(cleaner));
  EXPECT_THAT(cluster_.namespaces, IsEmpty());
}

TEST_F(BenchTest, WhatCouldNotBeRemovedIsSaid) {
  ASSERT_TRUE(run_pair());
  cluster_.refuse_removal = true;
  const auto cleaned = bench_.clean(client_);
  ASSERT_FALSE(cleaned);
  EXPECT_THAT(cleaned.error().what,
              AllOf(HasSubstr("left behind"), HasSubstr("namespace smc-bench-")));
  EXPECT_THAT(cleaned.error().hint, HasSubstr("kubectl delete namespace smc-bench-"));
}

TEST(BenchPods, AskForNothingThatARestrictedNamespaceRefuses) {
  BenchRun run;
  run.ns = "x";
  run.image = "i";
  run.url = "http://a/";
  for (const json& pod : {server_pod(run), load_pod(run, {})}) {
    const json& context = pod["spec"]["containers"][0]["securityContext"];
    EXPECT_EQ(context["allowPrivilegeEscalation"], false);
    EXPECT_EQ(context["capabilities"]["drop"], json::array({"ALL"}));
    EXPECT_EQ(pod["spec"]["securityContext"]["runAsNonRoot"], true);
    EXPECT_EQ(pod["spec"]["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
    EXPECT_EQ(pod["spec"]["automountServiceAccountToken"], false);
  }
}

TEST(BenchImage, IsTheAgentsNeighbour) {
  EXPECT_EQ(bench_image("r.example.com:5000/smc/smc-node-agent:0.1.0"),
            "r.example.com:5000/smc/smc-bench:0.1.0");
  EXPECT_EQ(bench_image("smc-node-agent:0.1.0@sha256:abc"), "smc-bench:0.1.0");
  EXPECT_EQ(bench_image("smc-node-agent"), "smc-bench");
  EXPECT_FALSE(bench_image("r/smc-webhook:0.1.0"));
  EXPECT_FALSE(bench_image("r/my-smc-node-agent:1"));
  EXPECT_FALSE(bench_image("r/smc-node-agent-debug:1"));
}

TEST(PodTrouble, IsSaidInTheClustersWords) {
  json waiting = pod("shop", "load");
  EXPECT_FALSE(pod_trouble(waiting));
  waiting["status"]["containerStatuses"] =
      json::array({{{"name", "smc-bench"},
                    {"image", "r/smc-bench:1"},
                    {"state", {{"waiting", {{"reason", "ErrImagePull"}}}}}}});
  EXPECT_THAT(pod_trouble(waiting)->what, HasSubstr("ErrImagePull: r/smc-bench:1"));
  EXPECT_THAT(pod_trouble(waiting)->hint, HasSubstr("--image"));

  json unplaced = pod("shop", "load");
  unplaced["status"]["conditions"] = json::array({{{"type", "PodScheduled"},
                                                   {"reason", "Unschedulable"},
                                                   {"message", "0/2 nodes are available"}}});
  EXPECT_THAT(pod_trouble(unplaced)->what, HasSubstr("no node for it: 0/2 nodes are available"));
}

TEST(ResultInLog, IsTheDocumentWithWhateverStandsAroundIt) {
  const std::string document = to_json(bench::sample_result());
  EXPECT_TRUE(result_in_log(document, "p"));
  EXPECT_TRUE(result_in_log("a warning\n" + document + "smc-bench: error: x\nhint: y\n", "p"));
  const auto none =
      result_in_log("smc-bench: error: connect to 10.1.2.3:8080: refused\n", "shop/p");
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().what, AllOf(HasSubstr("shop/p gave no result"), HasSubstr("refused")));
  EXPECT_FALSE(result_in_log(document.substr(0, document.size() / 2), "p")) << "a log that was cut";
}

}  // namespace
}  // namespace smc::kubectl
