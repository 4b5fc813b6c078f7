#include "webhook/commands/probe_command.h"

#include <ostream>

#include <nlohmann/json.hpp>

#include "base/error_text.h"
#include "base/version.h"
#include "kube/client.h"
#include "webhook/config/config.h"

namespace smc::webhook {
namespace {

using nlohmann::json;

// Restricted in every way, so that nothing but our own container can be a reason to refuse it.
json annotated_pod() {
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata",
           {{"generateName", "smc-probe-"}, {"annotations", {{kEnabledAnnotation, "true"}}}}},
          {"spec",
           {{"automountServiceAccountToken", false},
            {"securityContext",
             {{"runAsNonRoot", true},
              {"runAsUser", 65532},
              {"seccompProfile", {{"type", "RuntimeDefault"}}}}},
            {"containers",
             {{{"name", "probe"},
               {"image", "probe.invalid/never-pulled:1"},
               {"resources",
                {{"requests", {{"cpu", "1m"}, {"memory", "1Mi"}}},
                 {"limits", {{"cpu", "1m"}, {"memory", "1Mi"}}}}},
               {"securityContext",
                {{"allowPrivilegeEscalation", false}, {"capabilities", {{"drop", {"ALL"}}}}}}}}}}}};
}

constexpr const char* kHint =
    "is the webhook ready, does its namespaceSelector take in this namespace, is the mesh switch "
    "on? The API server's log says why a call failed.";

}  // namespace

std::string probe_problem(const json& pod, const std::string& container) {
  const json::json_pointer first("/spec/initContainers/0/name");
  if (!pod.contains(first)) return "the pod comes back without an init container";
  if (pod[first] != container)
    return "the first init container is " + pod[first].dump() + " and not \"" + container + '"';
  const auto status = json::json_pointer("/metadata/annotations") / std::string(kStatusAnnotation);
  if (!pod.contains(status))
    return "the pod lacks the annotation " + std::string(kStatusAnnotation);
  return {};
}

int probe_command(std::shared_ptr<const kube::Cluster> cluster, const ProbeOptions& options,
                  const kube::Stop& stop, std::ostream& out, std::ostream& err) {
  kube::ClientOptions client_options;
  client_options.user_agent = std::string("smc-webhook/") + kVersion;
  kube::Client client(std::move(cluster), stop, client_options);
  const auto end = std::chrono::steady_clock::now() + options.patience;
  for (;;) {
    const auto pod = client.create_dry_run({kube::kPods, options.ns, "", ""}, annotated_pod());
    const std::string problem = pod ? probe_problem(*pod, options.container) : pod.error().what;
    if (problem.empty()) {
      out << "an annotated pod of namespace " << options.ns << " is rewritten: its first init "
          << "container is " << options.container << '\n';
      return 0;
    }
    // no right, no such namespace, no valid pod: waiting would not help
    const bool refused = !pod && pod.error().status >= 400 && pod.error().status < 500;
    if (refused || std::chrono::steady_clock::now() >= end || !stop.sleep(options.pause)) {
      const std::string hint = pod || pod.error().hint.empty() ? kHint : pod.error().hint;
      err << error_text("smc-webhook", {problem, 0, hint});
      return 2;
    }
  }
}

}  // namespace smc::webhook
