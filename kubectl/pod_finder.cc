#include "kubectl/pod_finder.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/json_text.h"
#include "kubectl/objects.h"

namespace smc::kubectl {
namespace {

using kube::Outcome;
using kube::Resource;
using nlohmann::json;

constexpr std::size_t kChoiceShown = 80;

struct Kind {
  std::array<const char*, 3> words;  // as kubectl takes them
  Resource resource;
};

// Workloads whose spec.selector names their pods.
const std::array<Kind, 6>& kinds() {
  static const std::array<Kind, 6> kKinds{{
      {{"pod", "pods", "po"}, kube::kPods},
      {{"deployment", "deployments", "deploy"}, {"apps", "v1", "deployments", true}},
      {{"statefulset", "statefulsets", "sts"}, {"apps", "v1", "statefulsets", true}},
      {{"daemonset", "daemonsets", "ds"}, {"apps", "v1", "daemonsets", true}},
      {{"replicaset", "replicasets", "rs"}, {"apps", "v1", "replicasets", true}},
      {{"job", "jobs", "job"}, {"batch", "v1", "jobs", true}},
  }};
  return kKinds;
}

// What a person named and is not there is no refusal.
kube::ApiError not_there(kube::ApiError error, const std::string& ns) {
  if (!error.not_found()) return error;
  error.failure = kube::Failure::kAnswer;
  error.hint = "kubectl get pods -n " + ns;
  return error;
}

std::string selector_text(const json& workload) {
  std::string out;
  const auto labels = workload.value("/spec/selector/matchLabels"_json_pointer, json::object());
  for (const auto& [key, value] : labels.items())
    if (value.is_string()) out += (out.empty() ? "" : ",") + key + "=" + value.get<std::string>();
  return out;
}

Outcome<std::vector<json>> list_pods(kube::Client& client, const std::string& ns,
                                     const std::string& labels) {
  auto found = client.list({kube::kPods, ns, "", ""}, {labels, ""});
  if (!found) return found.error();
  return std::move(found->items);
}

}  // namespace

Result<PodChoice> parse_pod_choice(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return PodChoice{kube::kPods, text};
  const std::string word = text.substr(0, slash);
  const std::string name = text.substr(slash + 1);
  for (const Kind& kind : kinds())
    if (std::ranges::find(kind.words, word) != kind.words.end() && !name.empty() &&
        name.find('/') == std::string::npos)
      return PodChoice{kind.resource, name};
  return Error{"\"" + printable(text, kChoiceShown) + "\" names no pods", 0,
               "POD, or KIND/NAME with pod, deployment, statefulset, daemonset, replicaset or job; "
               "the namespace with -n"};
}

Outcome<std::vector<json>> find_pods(kube::Client& client, const std::string& ns,
                                     const PodChoice& choice) {
  const auto object = client.get({choice.resource, ns, choice.name, ""});
  if (!object) return not_there(object.error(), ns);
  if (choice.resource.plural == "pods") return std::vector<json>{*object};
  const std::string labels = selector_text(*object);
  if (labels.empty()) return std::vector<json>();
  auto pods = list_pods(client, ns, labels);
  if (pods) std::erase_if(*pods, [](const json& pod) { return !is_live(pod); });
  return pods;
}

Outcome<std::vector<json>> annotated_pods(kube::Client& client, const std::string& ns) {
  auto pods = list_pods(client, ns, "");
  if (pods)
    std::erase_if(*pods, [](const json& pod) { return !is_annotated(pod) || !is_live(pod); });
  return pods;
}

}  // namespace smc::kubectl
