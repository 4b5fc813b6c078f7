#include "test/webhook/review/reviews.h"

#include "base/base64.h"

namespace smc::webhook::test {

Json review_of(const Json& pod) {
  return {{"apiVersion", "admission.k8s.io/v1"},
          {"kind", "AdmissionReview"},
          {"request",
           {{"uid", "705ab4f5-6393-11e8-b7cc-42010a800002"},
            {"kind", {{"group", ""}, {"version", "v1"}, {"kind", "Pod"}}},
            {"resource", {{"group", ""}, {"version", "v1"}, {"resource", "pods"}}},
            {"operation", "CREATE"},
            {"namespace", "shop"},
            {"dryRun", true},
            {"object", pod}}}};
}

Json annotated_pod() {
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata",
           {{"generateName", "web-6d4-"},
            {"annotations", {{"smc.asm.alibabacloud.com/enabled", "true"}}},
            {"ownerReferences",
             {{{"apiVersion", "apps/v1"},
               {"kind", "ReplicaSet"},
               {"name", "web-6d4"},
               {"uid", "b9e0"},
               {"controller", true}}}}}},
          {"spec", {{"containers", {{{"name", "web"}, {"image", "example.com/web:1.4"}}}}}}};
}

std::vector<std::string> Reply::warnings() const {
  return response.value("warnings", std::vector<std::string>());
}

Reply ask_text(std::string body, const Config& config) {
  const Answer answer =
      answer_review(body, config, [](std::string_view) { return InitMode::kPrivileged; });
  Reply reply;
  reply.status = answer.status;
  if (answer.status != 200) {
    reply.refusal = answer.body;
    return reply;
  }
  reply.decision = answer.decision;
  reply.response = Json::parse(answer.body).at("response");
  reply.has_patch = reply.response.contains("patch");
  if (reply.has_patch)
    reply.patch = Json::parse(base64_decode(reply.response.at("patch").get<std::string>()).value());
  return reply;
}

Reply ask(const Json& pod, const Config& config) {
  return ask_text(review_of(pod).dump(), config);
}

Json patched(const Json& pod, const Reply& reply) {
  return reply.has_patch ? pod.patch(reply.patch) : pod;
}

}  // namespace smc::webhook::test
