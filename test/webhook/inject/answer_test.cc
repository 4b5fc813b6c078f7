// The envelope: what every answer carries, and when it carries more.
#include "webhook/answer.h"

#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "reviews.h"

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

Answer ask(const json& review) {
  std::string body = review.dump();
  return answer_review(body, Config());
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

TEST(Answer, LabelsTheReviewForTheLog) {
  const Answer answer = ask(review_of(pod("true")));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.decision, Decision::kInjected);
  EXPECT_EQ(answer.labels.uid, "705ab4f5-6393-11e8-b7cc-42010a800002");
  EXPECT_EQ(answer.labels.pod_namespace, "shop");
  EXPECT_EQ(answer.labels.pod, "web-6d4-");
  EXPECT_EQ(answer.labels.owner, "ReplicaSet/web-6d4");
  EXPECT_TRUE(answer.labels.dry_run);
}

TEST(Answer, LabelsAreShortAndPrintable) {
  json review = review_of(pod("true"));
  review["request"]["object"]["metadata"]["name"] = std::string(10'000, 'x') + "\n";
  review["request"]["namespace"] = "a\x1b[31m";
  const Answer answer = ask(review);
  EXPECT_LE(answer.labels.pod.size(), 260u);
  EXPECT_EQ(answer.labels.pod_namespace, "a?[31m");
}

TEST(Answer, KeepsWhatItReadOfARefusedReviewForTheLog) {
  json review = review_of(pod("true"));
  review["request"]["object"]["spec"]["hostNetwork"] = "yes";
  const Answer answer = ask(review);
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.body, "request.object.spec.hostNetwork: true or false is expected");
  EXPECT_EQ(answer.labels.uid, "705ab4f5-6393-11e8-b7cc-42010a800002");
  EXPECT_EQ(answer.labels.pod, "web-6d4-");
}

TEST(Answer, LeavesTheBodyAsItWas) {
  const std::string before = review_of(pod("true")).dump();
  std::string body = before;
  answer_review(body, Config());
  EXPECT_EQ(body, before);
}

}  // namespace
}  // namespace smc::webhook
