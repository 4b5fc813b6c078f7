// review_bench KIB VALUE COUNT [LEVEL]: answers COUNT reviews of about KIB KiB, whose pod grows by
// environment variables of VALUE bytes each, for callgrind to count the instructions of
// (test/bench/instructions). With LEVEL as the server does, which logs at that level and counts.
// Prints the review's size in bytes.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>

#include "base/log.h"
#include "webhook/daemon/review_handler.h"
#include "webhook/review/answer.h"

namespace smc::webhook {
namespace {

constexpr const char* kBefore =
    R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":)"
    R"("705ab4f5-6393-11e8-b7cc-42010a800002","kind":{"group":"","version":"v1","kind":"Pod"},)"
    R"("resource":{"group":"","version":"v1","resource":"pods"},"namespace":"shop",)"
    R"("operation":"CREATE","userInfo":{"username":"system:serviceaccount:kube-system:)"
    R"(replicaset-controller","groups":["system:serviceaccounts","system:authenticated"]},)"
    R"("object":{"kind":"Pod","apiVersion":"v1","metadata":{"generateName":"web-6d4cf56db6-",)"
    R"("creationTimestamp":null,"labels":{"app":"web","pod-template-hash":"6d4cf56db6"},)"
    R"("annotations":{"smc.asm.alibabacloud.com/enabled":"true"},"ownerReferences":[{)"
    R"("apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-6d4cf56db6","uid":"a2d1",)"
    R"("controller":true,"blockOwnerDeletion":true}]},"spec":{"volumes":[{"name":"data",)"
    R"("emptyDir":{}}],"containers":[{"name":"web","image":"example.com/web:1.4","ports":[)"
    R"({"containerPort":8080,"protocol":"TCP"}],"env":[{"name":"MODE","value":"production"})";
constexpr const char* kAfter =
    R"(],"resources":{"limits":{"cpu":"2","memory":"4Gi"},"requests":{"cpu":"2","memory":"4Gi"}},)"
    R"("volumeMounts":[{"name":"data","mountPath":"/data"}],"terminationMessagePath":)"
    R"("/dev/termination-log","terminationMessagePolicy":"File","imagePullPolicy":"IfNotPresent"}],)"
    R"("restartPolicy":"Always","terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst",)"
    R"("securityContext":{},"schedulerName":"default-scheduler"},"status":{}},"oldObject":null,)"
    R"("dryRun":false,"options":{"kind":"CreateOptions","apiVersion":"meta.k8s.io/v1"}}})";

std::string review_of(std::size_t bytes, std::size_t value_bytes) {
  const std::string value(value_bytes, 'v');
  std::string body = kBefore;
  for (int i = 0; body.size() + value_bytes + std::strlen(kAfter) < bytes; ++i)
    body += R"(,{"name":"SETTING_)" + std::to_string(i) + R"(","value":")" + value + R"("})";
  return body + kAfter;
}

std::size_t number(const char* text) {
  return std::strtoul(text, nullptr, 10);
}

// Answers `body`; false where the pod is not injected.
using Ask = std::function<bool(std::string& body)>;

Ask ask_reviewer() {
  return [reviewer = std::make_shared<Reviewer>(Config(), mode_of_unknown_namespace, false)](
             std::string& body) { return reviewer->answer(body).decision == Decision::kInjected; };
}

Ask ask_server(const char* level, Metrics& metrics) {
  log::Level parsed = log::Level::kInfo;
  if (!log::parse_level(level, parsed)) return {};
  log::set_level(parsed);
  return [handler = review_handler(Config(), mode_of_unknown_namespace, metrics, nullptr)](
             std::string& body) { return handler(body).status == 200; };
}

}  // namespace
}  // namespace smc::webhook

int main(int argc, char** argv) {
  using namespace smc::webhook;
  Metrics metrics;
  const Ask ask = argc == 5 ? ask_server(argv[4], metrics) : ask_reviewer();
  if (argc < 4 || argc > 5 || !ask) {
    std::fputs("usage: review_bench KIB VALUE COUNT [debug|info|warn|error]\n", stderr);
    return 1;
  }
  std::string body = review_of(number(argv[1]) << 10, number(argv[2]));
  for (std::size_t left = number(argv[3]); left > 0; --left)
    if (!ask(body)) return 2;
  std::printf("%zu\n", body.size());
  return 0;
}
