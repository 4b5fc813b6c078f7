#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>

#include <unistd.h>

#include "base/json_value.h"
#include "kubectl/agents.h"
#include "kubectl/commands.h"
#include "kubectl/objects.h"
#include "kubectl/pod_finder.h"
#include "kubectl/status.h"
#include "kubectl/text.h"

namespace smc::kubectl {
namespace {

using kube::Outcome;
using nlohmann::json;

kube::ClientOptions list_limits() {
  kube::ClientOptions limits;
  limits.page_objects = kPageObjects;
  limits.max_objects = kMaxPods;
  limits.reduce = reduce_pod;
  return limits;
}

PodStatus status_of(const json& pod) {
  return {namespace_of(pod),
          text_at(pod, "/metadata/name"),
          text_at(pod, "/spec/nodeName"),
          nullptr,
          "",
          "",
          is_injected(pod)};
}

// One look: what was asked for, as text and as an exit code.
class Look {
 public:
  Look(const Session& session, const CommonOptions& options, const StatusOptions& status)
      : session_(session),
        options_(options),
        status_(status),
        client_(session.client()),
        lists_(session.client(list_limits())),
        agents_(client_) {}

  // The text to print; the code is in `code`.
  Outcome<std::string> take(const std::optional<PodChoice>& choice, ExitCode& code);

 private:
  Outcome<std::string> nodes(ExitCode& code);
  Outcome<std::string> pods(const std::optional<PodChoice>& choice, ExitCode& code);
  std::optional<kube::ApiError> ask_one(PodStatus& pod);
  std::optional<kube::ApiError> ask_node(const std::string& node, std::vector<PodStatus*>& pods);
  std::optional<kube::ApiError> ask_all(std::vector<PodStatus>& pods);
  Names names();

  const Session& session_;
  const CommonOptions& options_;
  const StatusOptions& status_;
  kube::Client client_;
  kube::Client lists_;
  Agents agents_;
};

void no_agent(PodStatus& pod) {
  pod.problem = pod.node.empty() ? "not on a node yet" : "node " + pod.node + " has no agent";
  pod.hint = pod.node.empty() ? "kubectl describe pod says why"
                              : "agent.tolerations and agent.nodeSelector say where agents run";
}

std::optional<kube::ApiError> Look::ask_one(PodStatus& pod) {
  const AgentPod* agent = agents_.on_node(pod.node);
  if (agent == nullptr) {
    no_agent(pod);
    return std::nullopt;
  }
  auto answer =
      agents_.ask(*agent, "GET", "/v1/status?pod=" + kube::percent_encode(pod.ns + "/" + pod.name));
  if (!answer) return answer.error();
  pod.answer = std::move(*answer);
  return std::nullopt;
}

// The node's agent once for all of its pods.
std::optional<kube::ApiError> Look::ask_node(const std::string& node,
                                             std::vector<PodStatus*>& pods) {
  const AgentPod* agent = agents_.on_node(node);
  if (agent == nullptr) {
    for (PodStatus* pod : pods) no_agent(*pod);
    return std::nullopt;
  }
  const auto answer = agents_.ask(*agent, "GET", "/v1/status");
  for (PodStatus* pod : pods) {
    if (!answer) {
      pod->problem = answer.error().what;
      pod->hint = answer.error().hint;
      continue;
    }
    for (const json& each : items_of(*answer, "pods"))
      if (text_at(each, "/namespace") == pod->ns && text_at(each, "/name") == pod->name)
        pod->answer = each;
    if (!pod->answer.is_null()) continue;
    pod->problem = pod->injected ? "its agent does not know the pod" : "not injected";
    pod->hint = pod->injected ? "it starts or ends just now: try again" : "kubectl smc check";
  }
  if (!answer) return answer.error();
  return std::nullopt;
}

// An error where no agent at all could be asked.
std::optional<kube::ApiError> Look::ask_all(std::vector<PodStatus>& pods) {
  if (pods.size() == 1) return ask_one(pods.front());
  std::map<std::string, std::vector<PodStatus*>> by_node;
  for (PodStatus& pod : pods) by_node[pod.node].push_back(&pod);
  std::optional<kube::ApiError> first;
  std::size_t failed = 0;
  for (auto& [node, those] : by_node)
    if (const auto error = ask_node(node, those)) {
      if (!first) first = error;
      ++failed;
    }
  return failed == by_node.size() ? first : std::nullopt;
}

// Peers keep their addresses where the person may not list pods or Services of all namespaces.
Names Look::names() {
  const auto pods = lists_.list({kube::kPods, "", "", ""}, {});
  const auto services = client_.list({{"", "v1", "services", true}, "", "", ""}, {});
  const auto nodes = client_.list({kube::kNodes, "", "", ""}, {});
  const std::vector<json> none;
  return {pods ? pods->items : none, services ? services->items : none,
          nodes ? nodes->items : none};
}

Outcome<std::string> Look::nodes(ExitCode& code) {
  const AgentPod* agent = agents_.on_node(status_.node);
  if (agent == nullptr) {
    code = ExitCode::kNotPossible;
    return kube::make_error(kube::Failure::kAnswer, "node " + status_.node + " has no agent",
                            "kubectl get nodes has their names; agent.tolerations and "
                            "agent.nodeSelector say where agents run");
  }
  auto answer = agents_.ask(*agent, "GET", "/v1/status");
  if (!answer) return answer.error();
  if (!flag_of(*answer, "ready")) code = ExitCode::kNotPossible;
  if (options_.json) return answer->dump(2) + "\n";
  std::vector<PodStatus> pods;
  for (const json& pod : items_of(*answer, "pods"))
    pods.push_back({text_at(pod, "/namespace"), text_at(pod, "/name"), status_.node, pod, "", ""});
  const std::string text = nodes_text({*answer});
  return pods.empty() ? text : text + "\n" + pods_text(pods);
}

Outcome<std::string> Look::pods(const std::optional<PodChoice>& choice, ExitCode& code) {
  const std::string ns = options_.all_namespaces ? "" : session_.ns();
  const auto found = choice ? find_pods(lists_, ns, *choice) : annotated_pods(lists_, ns);
  if (!found) return found.error();
  std::vector<PodStatus> pods;
  std::ranges::transform(*found, std::back_inserter(pods), status_of);
  if (pods.empty()) {
    code = ExitCode::kNotPossible;
    return kube::make_error(
        kube::Failure::kAnswer,
        choice ? status_.pod + " has no pods"
               : "no annotated pod in " + (ns.empty() ? "any namespace" : "namespace " + ns),
        choice ? "kubectl get pods -n " + ns : "another namespace with -n NS, or all with -A");
  }
  if (const auto error = ask_all(pods)) return *error;
  code = all_well(pods) ? ExitCode::kDone : ExitCode::kNotPossible;
  const Names known = pods.size() == 1 ? names() : Names();
  if (options_.json) return pods_json(pods, known);
  return pods.size() == 1 ? pod_text(pods.front(), known) : pods_text(pods);
}

Outcome<std::string> Look::take(const std::optional<PodChoice>& choice, ExitCode& code) {
  code = ExitCode::kDone;
  if (const auto found = agents_.find(options_.release_namespace); !found) return found.error();
  if (agents_.pods().empty())
    return kube::make_error(kube::Failure::kAnswer, "the cluster has no node agents",
                            "helm upgrade --set agent.enabled=true");
  return status_.node.empty() ? pods(choice, code) : nodes(code);
}

// On a terminal each look takes the place of the one before.
void show(const std::string& text, bool watch) {
  if (watch && ::isatty(STDOUT_FILENO) == 1) std::fputs("\x1b[H\x1b[2J", stdout);
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace

ExitCode run_status(const CommonOptions& options, const StatusOptions& status,
                    const kube::Stop& stop) {
  std::optional<PodChoice> choice;
  if (!status.pod.empty()) {
    const Result<PodChoice> parsed = parse_pod_choice(status.pod);
    if (!parsed) {
      say(parsed.error());
      return ExitCode::kUsage;
    }
    choice = *parsed;
  }
  Result<Session> session = Session::open(options.connect, stop);
  if (!session) return say(session.error());
  ExitCode code = ExitCode::kDone;
  do {
    if (const auto renewed = session->renew(); !renewed) return say(renewed.error());
    const auto text = Look(*session, options, status).take(choice, code);
    if (!text && text.error().stopped() && status.watch) return ExitCode::kDone;
    if (!text) return say(text.error());
    show(*text, status.watch);
  } while (status.watch && stop.sleep(status.period));
  return status.watch ? ExitCode::kDone : code;
}

}  // namespace smc::kubectl
