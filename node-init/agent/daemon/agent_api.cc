#include "node-init/agent/daemon/agent_api.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "http/query.h"
#include "node-init/agent/cluster/status_json.h"
#include "node-init/agent/net_namespaces.h"
#include "node-init/diagnosis/pod_netns.h"
#include "node-init/diagnosis/syn_check.h"
#include "node-init/kernel/program_switch.h"
#include "node-init/kernel/smc_sockets.h"

namespace smc::node {
namespace {

using Json = nlohmann::ordered_json;
using Query = std::map<std::string, std::string>;

constexpr const char* kJson = "application/json";
// Whoever asks waits for it; with one address more, and the time that names take, it is a minute.
constexpr std::chrono::seconds kSynCheckLimit{30};

http::Reply json_reply(int status, const Json& json) {
  // Names come from outside and need not be UTF-8.
  return {status, json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n", kJson};
}

http::Reply error_reply(int status, const std::string& error, const std::string& hint) {
  return json_reply(status, {{"error", error}, {"hint", hint}});
}

std::string value_of(const Query& query, const std::string& name) {
  const auto found = query.find(name);
  return found == query.end() ? "" : found->second;
}

http::Reply no_such_pod(const std::string& pod) {
  return error_reply(404, "no pod " + pod + " on this node",
                     "ask the agent of the pod's node: kubectl get pod -o wide");
}

std::string report_of(const SynTarget& target, const SynCheckOptions& options) {
  return syn_check_json(node::syn_check(target, options)) + "\n";
}

// In the pod's namespace, with the names of the process that leads there: it may end at any time,
// and another one of the pod is taken then.
http::Reply syn_check_in(System& system, const PodNamespace& space, const SynTarget& target,
                         SynCheckOptions options) {
  for (const std::string& path : space.ns_paths) {
    PodNamespace by_path = space;
    by_path.ns_paths = {path};
    std::string body;
    const auto entered = inside(system, by_path, [&]() -> Result<void> {
      if (const auto text = pod_resolv_conf(path)) options.resolver = parse_resolv_conf(*text);
      body = report_of(target, options);
      return {};
    });
    if (!entered) return error_reply(503, entered.error().text(), entered.error().hint);
    if (*entered) return {200, body, kJson};
  }
  return error_reply(503, "the pod's network namespace is gone",
                     "see that the pod runs, and ask again in some seconds");
}

}  // namespace

AgentApi::AgentApi(System& system, AgentApiSources sources, std::string token_file)
    : system_(system), sources_(std::move(sources)), token_(std::move(token_file)) {}

void AgentApi::add_to(http::ProbeServer& server) {
  const auto add = [&server](const char* path, const char* method, auto handler) {
    server.add({.path = path,
                .method = method,
                .body_type = "",
                .content_type = kJson,
                .handler = nullptr,
                .call = std::move(handler),
                .token_header = kAgentTokenHeader});
  };
  add("/v1/status", "GET", [this](const http::Call& call) { return status(call); });
  add("/v1/syn-check", "POST", [this](const http::Call& call) { return syn_check(call); });
}

std::optional<http::Reply> AgentApi::refusal(const http::Call& call) const {
  const std::string why = token_.refusal(call.token);
  if (why.empty()) return std::nullopt;
  log::warn("request refused", {{"error", why}});
  return error_reply(403, why,
                     "the token is in the Secret …-agent-access of the release's namespace, which "
                     "kubectl smc reads; the chart's README has the Role that it takes");
}

std::optional<PodFacts> AgentApi::find_pod(const std::string& ns_and_name) const {
  const auto pods = sources_.pods();
  const auto found = std::ranges::find_if(
      pods, [&](const PodFacts& pod) { return pod.ns + "/" + pod.name == ns_and_name; });
  return found == pods.end() ? std::nullopt : std::optional(*found);
}

http::Reply AgentApi::status(const http::Call& call) {
  if (auto refused = refusal(call)) return *std::move(refused);
  const auto query = http::parse_query(call.query);
  if (!query) return error_reply(400, "the query cannot be read", "/v1/status?pod=NAMESPACE/NAME");
  const auto snapshot = sources_.snapshot();
  if (snapshot == nullptr || snapshot->report.checks.empty())
    return error_reply(503, "the agent's first round is not over", "ask again in some seconds");
  const auto node_switch = read_program_switch(system_);
  const NodeView view{sources_.node,
                      *snapshot,
                      sources_.pods(),
                      sources_.findings(),
                      node_switch ? node_switch->kind : SwitchKind::kNone,
                      sources_.programs};
  if (!query->contains("pod")) return json_reply(200, node_status(view));
  return pod_with_sockets(view, query->at("pod"));
}

http::Reply AgentApi::pod_with_sockets(const NodeView& view, const std::string& pod) {
  const auto facts = find_pod(pod);
  if (!facts) return no_such_pod(pod);
  Json answer = pod_status(view, *facts);
  std::vector<SmcSocket> sockets;
  std::optional<Error> problem;
  const auto read = [&]() -> Result<void> {
    if (auto found = smc_sockets(system_))
      sockets = *std::move(found);
    else
      problem = found.error();
    return {};
  };
  const auto& spaces = view.snapshot.observation.spaces;
  const auto space = spaces.find(facts->cgroup_uid);
  if (facts->host_network) {
    (void)read();
  } else if (space != spaces.end()) {
    if (const auto entered = inside(system_, space->second, read); !entered)
      problem = entered.error();
  }
  if (problem) {
    answer["sockets"] = Json::array();
    answer["missing"] = problem->text();
  } else {
    add_sockets(answer, sockets);
  }
  return json_reply(200, answer);
}

http::Reply AgentApi::syn_check(const http::Call& call) {
  if (auto refused = refusal(call)) return *std::move(refused);
  const auto query = http::parse_query(call.query);
  if (!query || !query->contains("pod") || !query->contains("target"))
    return error_reply(400, "the query cannot be read",
                       "/v1/syn-check?pod=NAMESPACE/NAME&target=URL|HOST:PORT[&magic=HEX]");
  const auto target = parse_syn_target(query->at("target"));
  if (!target) return error_reply(400, target.error().what, target.error().hint);
  SynCheckOptions options{.limit = kSynCheckLimit};
  if (const std::string magic = value_of(*query, "magic"); !magic.empty()) {
    const auto parsed = parse_magic(magic);
    if (!parsed) return error_reply(400, parsed.error().what, parsed.error().hint);
    options.probes.magic = *parsed;
  }
  const auto pod = find_pod(query->at("pod"));
  if (!pod) return no_such_pod(query->at("pod"));
  const auto snapshot = sources_.snapshot();
  PodNamespace space;
  if (!pod->host_network) {
    if (snapshot == nullptr || !snapshot->observation.spaces.contains(pod->cgroup_uid))
      return error_reply(503, "the agent has not found the pod's network namespace",
                         "see that the pod runs, and ask again in some seconds");
    space = snapshot->observation.spaces.at(pod->cgroup_uid);
  }
  // The agent's own namespace is the node's.
  auto pending = runner_.start([this, in_node = pod->host_network, space, target = *target,
                                options](const std::stop_token& stop) mutable {
    options.probes.stop = stop;
    if (in_node) return http::Reply{200, report_of(target, options), kJson};
    return syn_check_in(system_, space, target, options);
  });
  if (pending == nullptr)
    return error_reply(429, "this agent runs another syn-check", "ask again in some seconds");
  log::info("syn-check", {{"namespace", pod->ns}, {"pod", pod->name}, {"target", target->text}});
  return {.status = 200, .body = {}, .later = std::move(pending)};
}

}  // namespace smc::node
