#include <cstdio>

#include "base/json_text.h"
#include "base/json_value.h"
#include "kubectl/agents.h"
#include "kubectl/commands.h"
#include "kubectl/objects.h"
#include "kubectl/pod_finder.h"
#include "kubectl/syn_text.h"
#include "kubectl/text.h"

namespace smc::kubectl {
namespace {

using kube::Outcome;
using nlohmann::json;

// The agent's probes take some seconds for each address of the target; it bounds them itself.
constexpr std::chrono::minutes kAnswerTime{3};

Outcome<json> ask(const Session& session, const CommonOptions& options, const SynCheckOptions& syn,
                  const PodChoice& choice) {
  kube::ClientOptions limits;
  limits.request_timeout = kAnswerTime;
  kube::Client client = session.client(limits);
  const auto pods = find_pods(client, session.ns(), choice);
  if (!pods) return pods.error();
  if (pods->empty() || text_at(pods->front(), "/spec/nodeName").empty())
    return kube::make_error(kube::Failure::kAnswer, syn.pod + " has no pod on a node",
                            "kubectl get pods -n " + session.ns());
  const json& pod = pods->front();
  const std::string node = text_at(pod, "/spec/nodeName");
  Agents agents(client);
  if (const auto found = agents.find(options.release_namespace); !found) return found.error();
  const AgentPod* agent = agents.on_node(node);
  if (agent == nullptr)
    return kube::make_error(kube::Failure::kAnswer, "node " + node + " has no agent",
                            "agent.tolerations and agent.nodeSelector say where agents run");
  std::string path = "/v1/syn-check?pod=" + kube::percent_encode(name_of(pod)) +
                     "&target=" + kube::percent_encode(syn.target);
  if (!syn.magic.empty()) path += "&magic=" + kube::percent_encode(syn.magic);
  return agents.ask(*agent, "POST", path);
}

}  // namespace

ExitCode run_syn_check(const CommonOptions& options, const SynCheckOptions& syn,
                       const kube::Stop& stop) {
  const Result<PodChoice> choice = parse_pod_choice(syn.pod);
  if (!choice) {
    say(choice.error());
    return ExitCode::kUsage;
  }
  const Result<Session> session = Session::open(options.connect, stop);
  if (!session) return say(session.error());
  Progress progress(!options.json);
  progress.show("probing " + syn.target + " from the pod's node: some seconds an address");
  const auto answer = ask(*session, options, syn, *choice);
  progress.clear();
  if (!answer) return say(answer.error());
  const std::string text = options.json
                               ? answer->dump(2, ' ', false, json::error_handler_t::replace) + "\n"
                               : syn_text(*answer, syn.pod);
  std::fputs(text.c_str(), stdout);
  return syn_exit_code(*answer);
}

}  // namespace smc::kubectl
