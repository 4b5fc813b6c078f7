// What `bench` makes in a cluster and how it reads the ends of it: pods, images, troubles, results.
#include "kubectl/bench_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/kubectl/objects.h"
#include "test/smc-bench/sample.h"

namespace smc::kubectl {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(BenchPods, AskForNothingThatARestrictedNamespaceRefuses) {
  BenchRun run;
  run.ns = "x";
  run.image = "i";
  run.url = "http://a/";
  BenchRun by_fortio = run;
  by_fortio.fortio = "f";
  for (const json& pod :
       {server_pod(run), load_pod(run, {}), server_pod(by_fortio), load_pod(by_fortio, {})}) {
    for (const json& container : pod["spec"]["containers"]) {
      const json& context = container["securityContext"];
      EXPECT_EQ(context["allowPrivilegeEscalation"], false);
      EXPECT_EQ(context["capabilities"]["drop"], json::array({"ALL"}));
    }
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
  const std::string without_its_end = document.substr(0, document.size() - 1);
  EXPECT_TRUE(result_in_log(without_its_end + R"({"level":"info","msg":"{ }"})", "p"))
      << "what comes next begins on its last line";
  EXPECT_TRUE(result_in_log("a warning\n" + document + "smc-bench: error: x\nhint: y\n", "p"));
  const auto none =
      result_in_log("smc-bench: error: connect to 10.1.2.3:8080: refused\n", "shop/p");
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().what, AllOf(HasSubstr("shop/p gave no result"), HasSubstr("refused")));
  EXPECT_FALSE(result_in_log(document.substr(0, document.size() / 2), "p")) << "a log that was cut";
}

}  // namespace
}  // namespace smc::kubectl
