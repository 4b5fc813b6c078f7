#include "test/webhook/review/bad_reviews.h"

#include <ctime>

#include <gtest/gtest.h>

namespace smc::webhook::test {

std::chrono::nanoseconds processor_time() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

void expect_refused(const std::string& body, const std::string& what) {
  const auto start = processor_time();
  const Reply reply = ask_text(body);
  const auto took = processor_time() - start;
  EXPECT_EQ(reply.status, 400) << what;
  EXPECT_FALSE(reply.has_patch) << what;
  EXPECT_FALSE(reply.refusal.empty()) << what;
  EXPECT_LT(reply.refusal.size(), 300u) << what;
  EXPECT_EQ(reply.refusal.find('\n'), std::string::npos) << what;
  EXPECT_LT(took, kLongest) << what;
}

Json full_review() {
  Json pod = annotated_pod();
  pod["metadata"]["name"] = "web-1";
  Json& annotations = pod["metadata"]["annotations"];
  annotations["smc.asm.alibabacloud.com/on-failure"] = "fail";
  annotations["smc.asm.alibabacloud.com/programs"] = "ask";
  annotations["smc.asm.alibabacloud.com/resources"] = "cpu=1";
  annotations["smc.asm.alibabacloud.com/interface"] = "eth0";
  annotations["kubernetes.io/limit-ranger"] = "LimitRanger plugin set: cpu limit for container web";
  pod["metadata"]["labels"]["alibabacloud.com/eci"] = "false";
  annotations["smc.asm.alibabacloud.com/pnetid"] = "P";
  annotations["network.alibabacloud.com/erdma-smcr"] = "true";
  annotations["sidecar.istio.io/status"] = "{}";
  Json expression = {
      {"key", "smc.asm.alibabacloud.com/erdma"}, {"operator", "In"}, {"values", {"a"}}};
  Json field = {{"key", "metadata.x"}, {"operator", "In"}, {"values", {"a"}}};
  pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"] = {
      {"nodeSelectorTerms", {{{"matchExpressions", {expression}}, {"matchFields", {field}}}}}};
  pod["spec"]["hostNetwork"] = false;
  pod["spec"]["hostUsers"] = true;
  pod["spec"]["os"]["name"] = "linux";
  pod["spec"]["securityContext"]["windowsOptions"] = Json::object();
  pod["spec"]["resources"] = {{"requests", {{"cpu", "1"}, {"memory", "1Gi"}}},
                              {"limits", {{"cpu", "1"}, {"memory", "1Gi"}}}};
  pod["spec"]["tolerations"] = {{{"key", "a"}, {"operator", "Exists"}}};
  pod["spec"]["nodeSelector"] = {{"kubernetes.io/os", "linux"},
                                 {"beta.kubernetes.io/os", "linux"},
                                 {"type", "bare-metal"},
                                 {"smc.asm.alibabacloud.com/erdma", "true"}};
  pod["spec"]["runtimeClassName"] = "runc";
  pod["spec"]["nodeName"] = "";
  pod["spec"]["containers"][0]["securityContext"]["windowsOptions"] = Json::object();
  pod["spec"]["containers"][0]["ports"] = {{{"containerPort", 8080}}};
  pod["spec"]["initContainers"] = {
      {{"name", "migrate"}, {"restartPolicy", "Never"}, {"ports", {{{"containerPort", 1}}}}}};
  Json review = review_of(pod);
  review["request"]["subResource"] = "";
  review["request"]["name"] = "web-1";
  return review;
}

std::string review_with(const std::string& text) {
  Json pod = annotated_pod();
  pod["spec"]["x-unknown"] = "HERE";
  std::string body = review_of(pod).dump();
  return body.replace(body.find("\"HERE\""), 6, text);
}

std::string nested(std::size_t levels, const std::string& open, const std::string& innermost,
                   const std::string& close) {
  std::string out;
  for (std::size_t i = 0; i < levels; ++i) out += open;
  out += innermost;
  for (std::size_t i = 0; i < levels; ++i) out += close;
  return out;
}

}  // namespace smc::webhook::test
