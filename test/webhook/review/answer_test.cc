// The envelope: what every answer carries, and when it carries more.
#include "webhook/review/answer.h"

#include <map>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "test/webhook/review/reviews.h"

namespace smc::webhook {
namespace {

using nlohmann::json;
using test::annotated_pod;
using test::review_of;

json pod(const char* enabled) {
  json made = annotated_pod();
  made["metadata"]["annotations"]["smc.asm.alibabacloud.com/enabled"] = enabled;
  return made;
}

// In a namespace that admits privileged containers.
Answer ask(const json& review) {
  std::string body = review.dump();
  return answer_review(body, Config(), [](std::string_view) { return InitMode::kPrivileged; });
}

TEST(Answer, EchoesTheUidAndAllows) {
  const json body = json::parse(ask(review_of(pod("false"))).body);
  EXPECT_EQ(body["apiVersion"], "admission.k8s.io/v1");
  EXPECT_EQ(body["kind"], "AdmissionReview");
  EXPECT_EQ(body["response"]["uid"], "705ab4f5-6393-11e8-b7cc-42010a800002");
  EXPECT_EQ(body["response"]["allowed"], true);
}

TEST(Answer, CarriesAPatchOnlyWhereThereIsOne) {
  const json skipped = json::parse(ask(review_of(pod("false"))).body)["response"];
  EXPECT_FALSE(skipped.contains("patch"));
  EXPECT_FALSE(skipped.contains("patchType"));
  const json patched = json::parse(ask(review_of(pod("true"))).body)["response"];
  EXPECT_EQ(patched["patchType"], "JSONPatch");
  const auto patch = base64_decode(patched["patch"].get<std::string>());
  ASSERT_TRUE(patch);
  EXPECT_TRUE(json::parse(*patch).is_array());
}

TEST(Answer, TellsTheAuditLogTheDecisionOfAnAnnotatedPod) {
  const json body = json::parse(ask(review_of(pod("false"))).body);
  EXPECT_EQ(body["response"]["auditAnnotations"], json({{"decision", "opted_out"}}));
  json plain = pod("false");
  plain["metadata"].erase("annotations");
  EXPECT_FALSE(json::parse(ask(review_of(plain)).body)["response"].contains("auditAnnotations"));
}

TEST(Status, NamesTheFirstEightSidecars) {
  json made = pod("true");
  for (int i = 0; i < 10; ++i)
    made["spec"]["initContainers"].push_back(
        {{"name", "sidecar-" + std::to_string(i)}, {"restartPolicy", "Always"}});
  made["spec"]["initContainers"].push_back({{"name", "migrate"}});
  const test::Reply reply = test::ask(made);
  const json annotations = test::patched(made, reply)["metadata"]["annotations"];
  const json status =
      json::parse(annotations["smc.asm.alibabacloud.com/status"].get<std::string>());
  ASSERT_EQ(status["sidecars"].size(), 8u);
  EXPECT_EQ(status["sidecars"][0], "sidecar-0");
  EXPECT_EQ(status["sidecars"][7], "sidecar-7");
  EXPECT_EQ(status["container"], "smc-init");
}

json ask_in_auto(const json& review, const ModeOfNamespace& mode_of) {
  Config config;
  config.init_container.mode = std::nullopt;
  std::string body = review.dump();
  return json::parse(answer_review(body, config, mode_of).body)["response"];
}

std::string mode_in(const json& response) {
  return response["auditAnnotations"].value("mode", "");
}

TEST(ModeAuto, IsTheModeOfTheReviewsNamespace) {
  std::string asked;
  const auto answer = [&](InitMode mode) {
    return ask_in_auto(review_of(pod("true")), [&, mode](std::string_view name) {
      asked = name;
      return mode;
    });
  };
  EXPECT_EQ(mode_in(answer(InitMode::kPrivileged)), "privileged");
  EXPECT_EQ(asked, "shop");
  EXPECT_EQ(mode_in(answer(InitMode::kAgent)), "agent");
}

TEST(ModeAuto, IsAgentWhereNobodyKnowsTheNamespace) {
  EXPECT_EQ(mode_in(ask_in_auto(review_of(pod("true")), mode_of_unknown_namespace)), "agent");
}

TEST(ModeAuto, AsksForNoNamespaceOfAPodThatDoesNotAskForSmc) {
  const json response = ask_in_auto(review_of(pod("false")), [](std::string_view) {
    ADD_FAILURE() << "there is nothing to decide";
    return InitMode::kAgent;
  });
  EXPECT_EQ(mode_in(response), "");
}

// The review of `pod` when the API server asks again: another webhook has put its sidecar in.
json asked_again(json pod) {
  pod["metadata"]["annotations"]["sidecar.istio.io/status"] = "{}";
  pod["spec"]["initContainers"].push_back({{"name", "istio-init"}, {"image", "istio/proxyv2"}});
  pod["spec"]["containers"].push_back({{"name", "istio-proxy"}, {"image", "istio/proxyv2"}});
  json review = review_of(pod);
  review["request"]["uid"] = "8f6d01a4-11e8-4b7c-9c42-010a80000200";
  return review;
}

// It takes the same audit annotation twice in silence, and complains about another value.
TEST(Answer, TellsTheAuditLogTheSameOfASkippedPodWhenTheApiServerAsksAgain) {
  json host_network = pod("true"), user_namespace = pod("true"), windows = pod("true"),
       kata = pod("true"), virtual_node = pod("true"), collision = pod("true"),
       mirror = pod("true");
  host_network["spec"]["hostNetwork"] = true;
  user_namespace["spec"]["hostUsers"] = false;
  windows["spec"]["os"]["name"] = "windows";
  kata["spec"]["runtimeClassName"] = "kata";
  virtual_node["spec"]["nodeSelector"]["type"] = "virtual-kubelet";
  collision["spec"]["containers"][0]["name"] = "smc-init";
  mirror["metadata"]["annotations"]["kubernetes.io/config.mirror"] = "1";
  const std::map<std::string, json> skipped = {
      {"opted_out", pod("false")},  {"invalid_annotation", pod("yes")},
      {"mirror_pod", mirror},       {"host_network", host_network},
      {"windows", windows},         {"user_namespace", user_namespace},
      {"runtime_class", kata},      {"virtual_node", virtual_node},
      {"name_collision", collision}};
  for (const auto& [code, pod] : skipped) {
    const json expected = {{"decision", code}};
    EXPECT_EQ(json::parse(ask(review_of(pod)).body)["response"]["auditAnnotations"], expected);
    EXPECT_EQ(json::parse(ask(asked_again(pod)).body)["response"]["auditAnnotations"], expected);
  }
}

TEST(Answer, LabelsTheReviewForTheLog) {
  const Answer answer = ask(review_of(pod("true")));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.decision, Decision::kInjected);
  EXPECT_EQ(answer.labels.uid(), "705ab4f5-6393-11e8-b7cc-42010a800002");
  EXPECT_EQ(answer.labels.pod_namespace(), "shop");
  EXPECT_EQ(answer.labels.pod(), "web-6d4-");
  EXPECT_EQ(answer.labels.owner(), "ReplicaSet/web-6d4");
  EXPECT_TRUE(answer.labels.dry_run());
}

TEST(Answer, LabelsAreShortAndPrintable) {
  json review = review_of(pod("true"));
  review["request"]["object"]["metadata"]["name"] = std::string(10'000, 'x') + "\n";
  review["request"]["namespace"] = "a\x1b[31m";
  const Answer answer = ask(review);
  EXPECT_LE(answer.labels.pod().size(), 260u);
  EXPECT_EQ(answer.labels.pod_namespace(), "a?[31m");
}

TEST(Answer, KeepsWhatItReadOfARefusedReviewForTheLog) {
  json review = review_of(pod("true"));
  review["request"]["object"]["spec"]["hostNetwork"] = "yes";
  const Answer answer = ask(review);
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.body, "request.object.spec.hostNetwork: true or false is expected");
  EXPECT_EQ(answer.labels.uid(), "705ab4f5-6393-11e8-b7cc-42010a800002");
  EXPECT_EQ(answer.labels.pod(), "web-6d4-");
}

TEST(Answer, LeavesTheBodyAsItWas) {
  const std::string before = review_of(pod("true")).dump();
  std::string body = before;
  answer_review(body, Config());
  EXPECT_EQ(body, before);
}

json wet(json review) {
  review["request"]["dryRun"] = false;
  return review;
}

TEST(Announcement, TellsTheOwnerOfAnInjectedPod) {
  const Answer answer = ask(wet(review_of(pod("true"))));
  ASSERT_TRUE(answer.announcement);
  EXPECT_TRUE(answer.announcement->injected);
  EXPECT_EQ(answer.announcement->api_version, "apps/v1");
  EXPECT_EQ(answer.announcement->kind, "ReplicaSet");
  EXPECT_EQ(answer.announcement->name, "web-6d4");
  EXPECT_EQ(answer.announcement->uid, "b9e0");
}

TEST(Announcement, TellsTheOwnerWhyAPodWasSkippedThoughItAskedForSmc) {
  const Answer answer = ask(wet(review_of(pod("True"))));
  ASSERT_TRUE(answer.announcement);
  EXPECT_FALSE(answer.announcement->injected);
  EXPECT_NE(answer.announcement->message.find("invalid_annotation"), std::string::npos);
}

TEST(Announcement, IsNotMadeOfADryRunNorOfAPodThatDidNotAskNorWithoutAnOwner) {
  json dry = wet(review_of(pod("true")));
  dry["request"]["dryRun"] = true;
  EXPECT_FALSE(ask(dry).announcement);
  EXPECT_FALSE(ask(wet(review_of(pod("false")))).announcement);
  json bare = wet(review_of(pod("true")));
  bare["request"]["object"]["metadata"].erase("ownerReferences");
  EXPECT_FALSE(ask(bare).announcement);
  json no_controller = wet(review_of(pod("true")));
  no_controller["request"]["object"]["metadata"]["ownerReferences"][0].erase("controller");
  EXPECT_FALSE(ask(no_controller).announcement);
}

}  // namespace
}  // namespace smc::webhook
