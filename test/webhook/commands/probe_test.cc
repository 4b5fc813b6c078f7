// `smc-webhook probe` against an API server that answers what each case needs.
#include <atomic>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "test/kube/fake_api.h"
#include "webhook/commands/probe_command.h"

namespace smc::webhook {
namespace {

using kube::ApiRequest;
using kube::ApiResponse;
using nlohmann::json;
using testing::HasSubstr;

json rewritten_pod() {
  return {{"metadata", {{"annotations", {{"smc.asm.alibabacloud.com/status", "{}"}}}}},
          {"spec", {{"initContainers", {{{"name", "smc-init"}}, {{"name", "other"}}}}}}};
}

struct Outcome {
  int code = -1;
  std::string out;
  std::string err;
};

Outcome probe(const kube::FakeApi& api) {
  ProbeOptions options;
  options.ns = "apps";
  options.patience = std::chrono::milliseconds(500);
  options.pause = std::chrono::milliseconds(10);
  const kube::Stop stop;
  std::ostringstream out;
  std::ostringstream err;
  const int code = probe_command(api.cluster(), options, stop, out, err);
  return {code, out.str(), err.str()};
}

TEST(Probe, CreatesAnAnnotatedPodByADryRun) {
  std::string body;
  kube::FakeApi api([&](const ApiRequest& request, ApiResponse& response) {
    body = request.body;
    kube::answer(response, 201, rewritten_pod().dump());
  });
  const Outcome outcome = probe(api);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(api.requests(), testing::ElementsAre("POST /api/v1/namespaces/apps/pods?dryRun=All"));
  EXPECT_EQ(json::parse(body)["metadata"]["annotations"]["smc.asm.alibabacloud.com/enabled"],
            "true");
}

TEST(Probe, WaitsForAnApiServerThatHasNotHeardOfTheWebhookYet) {
  std::atomic<int> calls = 0;
  kube::FakeApi api([&](const ApiRequest&, ApiResponse& response) {
    json pod = rewritten_pod();
    if (++calls < 3) pod["spec"].erase("initContainers");
    kube::answer(response, 201, pod.dump());
  });
  EXPECT_EQ(probe(api).code, 0);
  EXPECT_EQ(calls, 3);
}

TEST(Probe, SaysWhatIsMissing) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"({})", "without an init container"},
      {R"({"spec": {"initContainers": null}})", "without an init container"},
      {R"({"spec": {"initContainers": [{"name": "a"}, {"name": "smc-init"}]}})", "\"a\""},
      {R"({"spec": {"initContainers": [{"name": "smc-init"}]}})",
       "smc.asm.alibabacloud.com/status"},
  };
  for (const auto& [pod, expected] : cases)
    EXPECT_THAT(probe_problem(json::parse(pod), "smc-init"), HasSubstr(expected)) << pod;
  EXPECT_EQ(probe_problem(rewritten_pod(), "smc-init"), "");
}

TEST(Probe, EndsWithTheProblemAndAHint) {
  kube::FakeApi api([](const ApiRequest&, ApiResponse& response) {
    kube::answer(response, 201, R"({"spec": {}})");
  });
  const Outcome outcome = probe(api);
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("without an init container"));
  EXPECT_THAT(outcome.err, HasSubstr("\nhint: "));
}

TEST(Probe, DoesNotRepeatWhatIsRefused) {
  kube::FakeApi api([](const ApiRequest&, ApiResponse& response) {
    kube::answer(response, 403, R"({"kind": "Status", "reason": "Forbidden", "message": "no"})");
  });
  const Outcome outcome = probe(api);
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(api.requests().size(), 1U);
  EXPECT_THAT(outcome.err, HasSubstr("create"));
}

}  // namespace
}  // namespace smc::webhook
