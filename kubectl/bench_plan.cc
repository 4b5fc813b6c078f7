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
json container(const BenchRun& run, json arguments) {
  return {{"name", kBenchContainer},
          {"image", run.image},
          {"args", std::move(arguments)},
          {"securityContext",
           {{"allowPrivilegeEscalation", false},
            {"readOnlyRootFilesystem", true},
            {"capabilities", {{"drop", {"ALL"}}}}}}};
}

json pod(const BenchRun& run, const char* role, json only_container) {
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
                {"containers", json::array({std::move(only_container)})}}}};
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

std::optional<Error> image_trouble(const json& pod) {
  for (const char* kind : {"initContainerStatuses", "containerStatuses"})
    for (const json& container : items_of(status_in(pod), kind)) {
      const std::string reason = text_at(container, "/state/waiting/reason");
      if (reason != "ErrImagePull" && reason != "ImagePullBackOff" && reason != "InvalidImageName")
        continue;
      return Error{name_of(pod) + ": " + reason + ": " + shown_at(container, "/image"), 0,
                   "push it where the nodes find it, or name another with --image"};
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

json server_pod(const BenchRun& run) {
  json out = pod(run, "server",
                 container(run, {"server", "--listen", "0.0.0.0:" + std::to_string(kServerPort)}));
  json& only = out["spec"]["containers"][0];
  only["ports"] = json::array({{{"containerPort", kServerPort}}});
  only["readinessProbe"] = {{"httpGet", {{"path", "/echo"}, {"port", kServerPort}}},
                            {"periodSeconds", 1}};
  return out;
}

json load_pod(const BenchRun& run, const BenchOptions& options) {
  json out =
      pod(run, "load",
          container(run, {"load", run.url, "--qps", std::to_string(std::lround(options.rate)),
                          "--duration", std::to_string(options.seconds) + "s", "--connections",
                          std::to_string(options.connections), "--payload",
                          std::to_string(options.payload), "--out", "-", "--expect",
                          run.smc ? "smc-r" : "tcp"}));
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

Result<bench::RunResult> result_in_log(const std::string& log, const std::string& pod) {
  const std::size_t begin = log.find("{\n");
  const std::size_t end = log.rfind("\n}\n");
  if (begin == std::string::npos || end == std::string::npos || end < begin)
    return Error{pod + " gave no result: " + printable(log, kMaxShown), 0,
                 "does the load reach the URL from that pod?"};
  auto results = bench::parse_results(log.substr(begin, end + 3 - begin), "the log of " + pod);
  if (!results) return results.error();
  return std::move(results->front());
}

}  // namespace smc::kubectl
