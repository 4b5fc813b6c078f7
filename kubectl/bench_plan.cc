#include "kubectl/bench_plan.h"

#include <cmath>

#include "base/json_text.h"
#include "base/json_value.h"
#include "base/keys.h"
#include "kubectl/objects.h"

namespace smc::kubectl {
namespace {

using nlohmann::json;

constexpr const char* kRoleLabel = "smc-bench/role";
constexpr int kServerPort = 8080;

// As a namespace of level "restricted" demands; the programs need none of it.
json container(const char* name, const std::string& image, json arguments) {
  return {{"name", name},
          {"image", image},
          {"args", std::move(arguments)},
          {"securityContext",
           {{"allowPrivilegeEscalation", false},
            {"readOnlyRootFilesystem", true},
            {"capabilities", {{"drop", {"ALL"}}}}}}};
}

json pod(const BenchRun& run, const char* role, json containers) {
  const std::string name = "smc-bench-" + std::string(role) + "-" + (run.smc ? "smc" : "tcp") +
                           "-" + std::to_string(run.round);
  // Sidecars would be measured, too.
  json annotations = {{"sidecar.istio.io/inject", "false"}};
  if (run.smc) annotations[std::string(kEnabledAnnotation)] = "true";
  json out = {{"apiVersion", "v1"},
              {"kind", "Pod"},
              {"metadata",
               {{"name", name},
                {"namespace", run.ns},
                {"labels",
                 {{"app.kubernetes.io/name", "smc-bench"},
                  {"app.kubernetes.io/managed-by", "kubectl-smc"},
                  {kRoleLabel, role}}},
                {"annotations", std::move(annotations)}}},
              {"spec",
               {{"restartPolicy", "Never"},
                {"terminationGracePeriodSeconds", 1},
                {"automountServiceAccountToken", false},
                {"securityContext",
                 {{"runAsNonRoot", true},
                  {"runAsUser", 65532},
                  {"seccompProfile", {{"type", "RuntimeDefault"}}}}},
                {"containers", std::move(containers)}}}};
  if (!run.pull_secret.empty())
    out["spec"]["imagePullSecrets"] = json::array({{{"name", run.pull_secret}}});
  // Both sides of the comparison on the same kind of node.
  if (run.node.empty())
    out["spec"]["nodeSelector"] = {{std::string(kNodeLabelKey), std::string(kNodeLabelValue)}};
  else
    out["spec"]["nodeSelector"] = {{"kubernetes.io/hostname", run.node}};
  return out;
}

const json& status_in(const json& pod) {
  static const json kNone = json::object();
  const auto found = pod.find("status");
  return found == pod.end() || !found->is_object() ? kNone : *found;
}

bool is_image_reason(const std::string& reason) {
  return reason == "ErrImagePull" || reason == "ImagePullBackOff" || reason == "InvalidImageName";
}

std::optional<Error> image_trouble(const json& pod) {
  for (const char* kind : {"initContainerStatuses", "containerStatuses"})
    for (const json& container : items_of(status_in(pod), kind)) {
      const std::string reason = text_at(container, "/state/waiting/reason");
      if (!is_image_reason(reason)) continue;
      return Error{name_of(pod) + ": " + reason + ": " + shown_at(container, "/image"), 0,
                   text_at(container, "/name") == kFortioContainer
                       ? "push it where the nodes find it and name it with --fortio-image, or take "
                         "--load smc-bench; --image-pull-secret for a private registry"
                       : "push it where the nodes find it, or name another with --image; "
                         "--image-pull-secret for a private registry"};
    }
  return std::nullopt;
}

std::optional<Error> init_trouble(const json& pod) {
  for (const json& container : items_of(status_in(pod), "initContainerStatuses")) {
    const auto ended = container.find("state") == container.end()
                           ? json()
                           : container["state"].value("terminated", json());
    if (!ended.is_object() || ended.value("exitCode", 0) == 0) continue;
    return Error{name_of(pod) + ": " + shown_at(container, "/name") + " ended with " +
                     std::to_string(ended.value("exitCode", 0)) + ": " +
                     printable(text_at(ended, "/message"), kMaxShown),
                 0, "kubectl smc check"};
  }
  return std::nullopt;
}

}  // namespace

json bench_namespace(const std::string& name) {
  return {{"apiVersion", "v1"},
          {"kind", "Namespace"},
          {"metadata",
           {{"name", name}, {"labels", {{"app.kubernetes.io/managed-by", "kubectl-smc"}}}}}};
}

Result<json> copy_of_pull_secret(const json& secret, const std::string& ns) {
  const std::string type = text_at(secret, "/type");
  if (type != "kubernetes.io/dockerconfigjson" && type != "kubernetes.io/dockercfg")
    return Error{"secret " + name_of(secret) + " of type " + printable(type, kMaxShown) +
                     " is not for image pulls",
                 0, "kubectl create secret docker-registry"};
  return json{{"apiVersion", "v1"},
              {"kind", "Secret"},
              {"metadata", {{"name", text_at(secret, "/metadata/name")}, {"namespace", ns}}},
              {"type", type},
              {"data", secret.value("data", json::object())}};
}

json server_pod(const BenchRun& run) {
  const std::string listen = "0.0.0.0:" + std::to_string(kServerPort);
  json only = run.fortio.empty()
                  ? container(kBenchContainer, run.image, {"server", "--listen", listen})
                  : container(kFortioContainer, run.fortio,
                              {"server", "-http-port", std::to_string(kServerPort)});
  only["ports"] = json::array({{{"containerPort", kServerPort}}});
  only["readinessProbe"] = {{"httpGet", {{"path", "/echo"}, {"port", kServerPort}}},
                            {"periodSeconds", 1}};
  return pod(run, "server", json::array({std::move(only)}));
}

namespace {

// The witness comes first: it has to be there before the load's first connection.
json fortio_containers(const BenchRun& run, const BenchOptions& options) {
  json load = {"load",
               "-json",
               "-",
               "-qps",
               std::to_string(std::lround(options.rate)),
               "-t",
               std::to_string(options.seconds) + "s",
               "-c",
               std::to_string(options.connections),
               "-p",
               "50,75,90,99,99.9"};
  if (options.payload > 0) {
    load.push_back("-payload-size");
    load.push_back(std::to_string(options.payload));
  }
  load.push_back(run.url);
  return json::array({container(kBenchContainer, run.image, {"witness", run.url}),
                      container(kFortioContainer, run.fortio, std::move(load))});
}

json load_containers(const BenchRun& run, const BenchOptions& options) {
  if (!run.fortio.empty()) return fortio_containers(run, options);
  return json::array(
      {container(kBenchContainer, run.image,
                 {"load", run.url, "--qps", std::to_string(std::lround(options.rate)), "--duration",
                  std::to_string(options.seconds) + "s", "--connections",
                  std::to_string(options.connections), "--payload", std::to_string(options.payload),
                  "--out", "-", "--expect", run.smc ? "smc-r" : "tcp"})});
}

}  // namespace

json load_pod(const BenchRun& run, const BenchOptions& options) {
  json out = pod(run, "load", load_containers(run, options));
  if (run.apart)
    out["spec"]["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"] = {
        {{"labelSelector", {{"matchLabels", {{kRoleLabel, "server"}}}}},
         {"topologyKey", "kubernetes.io/hostname"}}};
  return out;
}

std::optional<std::string> bench_image(const std::string& agent_image) {
  const std::string name = "smc-node-agent";
  std::string out = agent_image.substr(0, agent_image.find('@'));
  const std::size_t at = out.rfind(name);
  if (at == std::string::npos || (at > 0 && out[at - 1] != '/')) return std::nullopt;
  const std::size_t end = at + name.size();
  if (end != out.size() && out[end] != ':') return std::nullopt;
  return out.replace(at, name.size(), "smc-bench");
}

std::optional<Error> pod_trouble(const json& pod) {
  if (auto trouble = image_trouble(pod)) return trouble;
  if (auto trouble = init_trouble(pod)) return trouble;
  for (const json& condition : items_of(status_in(pod), "conditions"))
    if (text_at(condition, "/reason") == "Unschedulable")
      return Error{name_of(pod) + ": no node for it: " + shown_at(condition, "/message"), 0,
                   "two nodes with the label " + std::string(kNodeLabelKey) + "=" +
                       std::string(kNodeLabelValue) + " are needed: kubectl smc check"};
  return std::nullopt;
}

namespace {

const json* status_of(const json& pod, const std::string& container) {
  for (const json& status : items_of(status_in(pod), "containerStatuses"))
    if (text_at(status, "/name") == container) return &status;
  return nullptr;
}

// Printed over several lines, as both programs print theirs; what they log is a line at a time.
Result<std::string> document_in(const std::string& log, const std::string& pod) {
  const std::size_t begin = log.find("{\n");
  const std::size_t end = log.rfind("\n}");
  if (begin == std::string::npos || end == std::string::npos || end < begin)
    return Error{pod + " gave no result: " + printable(log, kMaxShown), 0,
                 "does the load reach the URL from that pod?"};
  return log.substr(begin, end + 2 - begin);
}

}  // namespace

std::string waiting_reason(const json& pod, const std::string& container) {
  const json* status = status_of(pod, container);
  return status == nullptr ? "" : text_at(*status, "/state/waiting/reason");
}

bool has_failed(const json& pod, const std::string& container) {
  const json* status = status_of(pod, container);
  if (status == nullptr) return false;
  const json code = status->value("/state/terminated/exitCode"_json_pointer, json());
  return code.is_number_integer() && code != 0;
}

Result<bench::RunResult> result_in_log(const std::string& log, const std::string& pod) {
  const auto document = document_in(log, pod);
  if (!document) return document.error();
  auto results = bench::parse_results(*document, "the log of " + pod);
  if (!results) return results.error();
  return std::move(results->front());
}

Result<bench::RunResult> fortio_result(const std::string& fortio_log, const std::string& proof_log,
                                       int payload, const std::string& pod) {
  auto result = result_in_log(fortio_log, pod);
  if (!result) return result;
  const auto document = document_in(proof_log, pod);
  if (!document) return document.error();
  const auto proof = bench::parse_proof(*document, "the log of " + pod);
  if (!proof) return proof.error();
  result->payload = static_cast<std::uint64_t>(payload);
  result->proof = *proof;
  bench::judge(*result->proof, result->requests, result->payload);
  return result;
}

}  // namespace smc::kubectl
