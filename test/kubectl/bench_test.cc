// The before/after measurement in a cluster: what it makes, that it takes it away again, and what
// it says of pods that will not run. The API server is played; its pods' results are real JSON.
#include "kubectl/bench.h"

#include <mutex>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
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
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

bool is_load(const json& pod) {
  return pod["metadata"]["labels"]["smc-bench/role"] == "load";
}

// A container's log has what it wrote to both outputs: fortio's log lines, its JSON, its summary.
std::string fortio_log() {
  const auto result = read_file(SMC_TEST_DIR "/smc-bench/fortio.json", 1 << 20);
  return R"x({"ts":1769860800.1,"level":"info","msg":"Starting at 100000 qps with 64 thread(s)"})x"
         "\n" +
         (result ? *result : "") + "All done 1237035 calls (plus 64 warmup) 1.500 ms avg\n";
}

// Pods by "NS/NAME". Servers run; loads have ended at once, with a result in their log.
class PlayedCluster {
 public:
  std::function<void(json& pod)> change = [](json&) {};  // of each pod that is made
  bool refuse_removal = false;
  int unavailable = 0;  // of how many requests from the next on, other than those that make
  std::set<std::string> nodes_for_smc = {"node1", "node2"};
  bool nodes_are_secret = false;
  std::string fortio_says = fortio_log();
  std::set<std::string> namespaces;
  std::map<std::string, json> pods;
  std::map<std::string, json> secrets;
  std::vector<json> made;

  std::shared_ptr<const kube::Cluster> cluster() const { return api_.cluster(); }

 private:
  void serve(const ApiRequest& request, ApiResponse& out) {
    const std::lock_guard lock(mutex_);
    const std::string ns = part_behind(request.path, "/namespaces/");
    const std::string name = part_behind(request.path, "/pods/");
    if (request.path.find("/secrets") != std::string::npos) return serve_secrets(request, ns, out);
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
    const std::string container = part_behind(request.target, "/log?container=");
    if (container.empty()) return answer(out, 200, found->second.dump());
    answer(out, 200, log_of(found->second, container));
  }

  std::string log_of(const json& pod, const std::string& container) const {
    const auto& containers = pod["spec"]["containers"];
    if (container == "fortio") return fortio_says;
    if (containers.size() == 2) return to_json(*bench::sample_result().proof);
    return to_json(bench::sample_result()) + "smc-bench: error: behind the result\n";
  }

  void serve_secrets(const ApiRequest& request, const std::string& ns, ApiResponse& out) {
    if (request.method == "POST") {
      const json secret = json::parse(request.body);
      secrets[ns + "/" + secret["metadata"]["name"].get<std::string>()] = secret;
      return answer(out, 201, request.body);
    }
    const auto found = secrets.find(ns + "/" + part_behind(request.path, "/secrets/"));
    if (found == secrets.end()) return answer(out, 404, status_body("NotFound", 404));
    answer(out, 200, found->second.dump());
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
    const bool load = is_load(object);
    object["spec"]["nodeName"] = load ? "node2" : "node1";
    object["status"] = {
        {"phase", load ? "Succeeded" : "Running"},
        {"podIP", "10.1.2.3"},
        {"conditions", json::array({{{"type", "Ready"}, {"status", load ? "False" : "True"}}})}};
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
  kube::Outcome<BenchResults> run_pair() { return bench_.run_pair("registry/smc-bench:1", "mine"); }
  void clean() {
    const auto cleaned = bench_.clean(client_);
    EXPECT_TRUE(cleaned) << cleaned.error().what;
  }

  PlayedCluster cluster_;
  kube::Stop stop_;
  kube::Client client_{cluster_.cluster(), stop_, kube::client_options()};
  BenchOptions options_ = of_smc_bench();
  std::vector<std::string> remarks_;
  Bench bench_{client_, stop_, options_, [](const std::string&) {},
               [this](const std::string& remark) { remarks_.push_back(remark); }};

 private:
  static BenchOptions of_smc_bench() {
    BenchOptions out;
    out.load = LoadProgram::kSmcBench;
    return out;
  }
};

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

json secret_of_type(const std::string& type) {
  return {{"kind", "Secret"},
          {"metadata", {{"name", "pulls"}, {"namespace", "mine"}, {"uid", "1"}}},
          {"type", type},
          {"data", {{".dockerconfigjson", "e30="}}}};
}

TEST_F(BenchTest, ThePairsNamespaceGetsACopyOfTheSecretForImagePulls) {
  options_.pull_secret = "pulls";
  cluster_.secrets["mine/pulls"] = secret_of_type("kubernetes.io/dockerconfigjson");
  const auto results = run_pair();
  ASSERT_TRUE(results) << results.error().what;
  ASSERT_THAT(cluster_.made, SizeIs(4));
  for (const json& pod : cluster_.made)
    EXPECT_EQ(pod["spec"]["imagePullSecrets"], json::array({{{"name", "pulls"}}}));
  const std::string ns = cluster_.made[0]["metadata"]["namespace"];
  json expected = secret_of_type("kubernetes.io/dockerconfigjson");
  expected["apiVersion"] = "v1";
  expected["metadata"] = {{"name", "pulls"}, {"namespace", ns}};
  EXPECT_EQ(cluster_.secrets.at(ns + "/pulls"), expected);
  clean();
}

TEST_F(BenchTest, NothingIsMadeWithoutTheSecretForImagePulls) {
  options_.pull_secret = "pulls";
  const auto missing = run_pair();
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().status, 404);
  EXPECT_THAT(cluster_.namespaces, IsEmpty());
}

TEST_F(BenchTest, NoOtherSecretIsCopied) {
  options_.pull_secret = "pulls";
  cluster_.secrets["mine/pulls"] = secret_of_type("kubernetes.io/tls");
  const auto refused = run_pair();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().what, HasSubstr("of type kubernetes.io/tls is not for image pulls"));
  EXPECT_THAT(cluster_.namespaces, IsEmpty());
  EXPECT_THAT(cluster_.secrets, SizeIs(1));
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

// Of a pod's container that is to run fortio.
void pull_in_vain(json& pod) {
  const json& containers = pod["spec"]["containers"];
  if (containers.back()["name"] != "fortio") return;
  pod["status"] = {{"phase", "Pending"},
                   {"containerStatuses",
                    json::array({{{"name", "fortio"},
                                  {"image", containers.back()["image"]},
                                  {"state", {{"waiting", {{"reason", "ImagePullBackOff"}}}}}}})}};
}

TEST_F(BenchTest, FortiosPairIsWatchedByAContainerBesideTheLoad) {
  options_.load = LoadProgram::kFortioIfThere;
  const auto results = run_pair();
  ASSERT_TRUE(results) << results.error().what;
  ASSERT_THAT(cluster_.made, SizeIs(4));
  const json& server = cluster_.made[0]["spec"]["containers"];
  ASSERT_THAT(server, SizeIs(1));
  EXPECT_EQ(server[0]["image"], "fortio/fortio:latest_release");
  EXPECT_EQ(server[0]["args"], json({"server", "-http-port", "8080"}));
  const json& load = cluster_.made[1]["spec"]["containers"];
  ASSERT_THAT(load, SizeIs(2));
  EXPECT_EQ(load[0]["image"], "registry/smc-bench:1");
  EXPECT_EQ(load[0]["args"], json({"witness", "http://10.1.2.3:8080/echo"}));
  EXPECT_EQ(load[1]["args"],
            json({"load", "-json", "-", "-qps", "100000", "-t", "30s", "-c", "64", "-p",
                  "50,75,90,99,99.9", "-payload-size", "128", "http://10.1.2.3:8080/echo"}));

  const bench::RunResult& run = results->after.front();
  EXPECT_EQ(run.program, "fortio");
  EXPECT_EQ(run.requests, 1'237'000u);
  EXPECT_EQ(run.payload, 128u);
  ASSERT_TRUE(run.proof);
  EXPECT_EQ(run.proof->mode(), "mixed");
  EXPECT_THAT(run.proof->doubts, Contains(HasSubstr("the requests had 158336000")))
      << "held against fortio's count";
  clean();
}

TEST_F(BenchTest, WithoutFortiosImageSmcBenchMakesTheLoadAndItIsSaid) {
  options_.load = LoadProgram::kFortioIfThere;
  cluster_.change = pull_in_vain;
  const auto results = run_pair();
  ASSERT_TRUE(results) << results.error().what;
  EXPECT_EQ(results->before.front().program, "smc-bench");
  EXPECT_EQ(results->after.front().program, "smc-bench");
  ASSERT_THAT(remarks_, SizeIs(1));
  EXPECT_THAT(remarks_.front(), AllOf(HasSubstr("fortio/fortio:latest_release cannot be pulled"),
                                      HasSubstr("smc-bench makes the load")));
  ASSERT_THAT(cluster_.made, SizeIs(5)) << "fortio's server, and then the pairs of smc-bench";
  clean();
  EXPECT_THAT(cluster_.pods, IsEmpty());
}

TEST_F(BenchTest, FortiosImageMayLackOnTheLoadsNodeAlone) {
  options_.load = LoadProgram::kFortioIfThere;
  cluster_.change = [](json& pod) {
    if (is_load(pod)) pull_in_vain(pod);
  };
  const auto results = run_pair();
  ASSERT_TRUE(results) << results.error().what;
  EXPECT_EQ(results->before.front().program, "smc-bench");
  EXPECT_THAT(cluster_.made, SizeIs(6));
  clean();
}

// The witness in its pod would wait for its first connection for long.
TEST_F(BenchTest, AFortioThatFailsEndsTheRunWithWhatItSaid) {
  options_.load = LoadProgram::kFortio;
  cluster_.change = [&](json& pod) {
    if (!is_load(pod)) return;
    pod["status"] = {
        {"phase", "Running"},
        {"containerStatuses",
         json::array({{{"name", "smc-bench"}, {"state", {{"running", json::object()}}}},
                      {{"name", "fortio"}, {"state", {{"terminated", {{"exitCode", 1}}}}}}})}};
  };
  cluster_.fortio_says = "Aborting because of error 503 for http://10.1.2.3:8080/echo\n";
  const auto results = run_pair();
  ASSERT_FALSE(results);
  EXPECT_THAT(results.error().what, AllOf(HasSubstr("gave no result"), HasSubstr("error 503")));
  clean();
}

}  // namespace
}  // namespace smc::kubectl
