// The before/after measurement in a cluster: what it makes, that it takes it away again, and what
// it says of pods that will not run. The API server is played; its pods' results are real JSON.
#include "kubectl/bench.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/kubectl/bench_cluster.h"

namespace smc::kubectl {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

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
