#include "node-init/agent/cluster/status_json.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>

#include "base/version.h"
#include "node-init/kernel/fallback_codes.h"

namespace smc::node {
namespace {

using Json = nlohmann::ordered_json;

std::string code_text(std::uint32_t code) {
  char text[9];
  std::snprintf(text, sizeof text, "%08x", code);
  return text;
}

std::string code_meaning(std::uint32_t code) {
  const FallbackCode* known = find_fallback_code(code);
  return known == nullptr ? "" : std::string(known->meaning);
}

std::string mode_key(SocketMode mode) {
  switch (mode) {
    case SocketMode::kSmcR:
      return "smc-r";
    case SocketMode::kSmcD:
      return "smc-d";
    case SocketMode::kTcp:
      return "tcp";
    case SocketMode::kUnknown:
      break;
  }
  return "";
}

std::string verdict_key(Verdict verdict) {
  if (verdict == Verdict::kPass) return "pass";
  return verdict == Verdict::kWarn ? "warn" : "fail";
}

const ScopeStats* stats_of(const NodeView& view, const PodFacts& pod) {
  const Observation& observation = view.snapshot.observation;
  if (pod.host_network) return &observation.node;
  const auto found = observation.pods.find(pod.cgroup_uid);
  return found == observation.pods.end() ? nullptr : &found->second;
}

// Why the pod is not set up; what the last looks found comes first, since it knows of containers
// that started too early.
std::optional<NotSetUp> reason_of(const NodeView& view, const PodFacts& pod) {
  const auto found = std::ranges::find(view.findings, pod.uid,
                                       [](const Finding& finding) { return finding.pod.uid; });
  if (found != view.findings.end()) return found->reason;
  return judge(pod, stats_of(view, pod), view.snapshot.observation.active_pnetids, view.programs);
}

// The texts are one sentence each, with what to do behind the last semicolon.
Json finding_json(NotSetUp reason) {
  const std::string text(reason_text(reason));
  const std::size_t at = text.rfind("; ");
  return {{"reason", reason_name(reason)},
          {"message", text.substr(0, at)},
          {"hint", at == std::string::npos ? "" : text.substr(at + 2)}};
}

std::string address_text(const std::string& address, std::uint16_t port) {
  return address + ":" + std::to_string(port);
}

std::map<std::string, std::uint64_t> no_connections() {
  return {{"smc-r", 0}, {"smc-d", 0}, {"tcp", 0}};
}

void add_activity(Json& object, const ScopeStats& stats) {
  std::map<std::string, std::uint64_t> connections = no_connections();
  for (const auto& [kind, count] : stats.sockets)
    if (const std::string key = mode_key(kind.mode); !key.empty()) connections[key] += count;
  std::map<std::uint32_t, std::uint64_t> fallbacks;
  for (const auto& [key, count] : stats.counts.fallbacks) fallbacks[key.code] += count;
  auto list = Json::array();
  for (const auto& [code, count] : fallbacks)
    if (count != 0)
      list.push_back({{"code", code == kOtherReasons ? "" : code_text(code)},
                      {"reason", code == kOtherReasons ? "other reasons" : code_meaning(code)},
                      {"count", count}});
  const auto bytes = [&stats](Direction direction) -> std::uint64_t {
    const auto found = stats.counts.bytes.find(direction);
    return found == stats.counts.bytes.end() ? 0 : found->second;
  };
  object["connections"] = connections;
  object["fallbacks"] = list;
  object["bytes"] = {{"sent", bytes(Direction::kSent)}, {"received", bytes(Direction::kReceived)}};
}

bool is_shown(const NodeView& view, const PodFacts& pod) {
  if (pod.asks_for_smc) return true;
  if (pod.host_network) return false;
  const ScopeStats* stats = stats_of(view, pod);
  return stats != nullptr && (!stats->sockets.empty() || !stats->counts.fallbacks.empty() ||
                              !stats->counts.connections.empty());
}

bool is_switched(const ScopeStats* stats) {
  return stats != nullptr && std::ranges::any_of(stats->setups, [](const NamespaceSetup& setup) {
           return setup.programs_use_smc.value_or(false);
         });
}

}  // namespace

Json pod_status(const NodeView& view, const PodFacts& pod) {
  const ScopeStats* stats = stats_of(view, pod);
  Json object = {{"namespace", pod.ns}, {"name", pod.name}, {"uid", pod.uid}};
  std::optional<NotSetUp> reason;
  std::string result = "set_up";
  if (pod.host_network) {
    result = "host_network";
  } else if (!pod.asks_for_smc) {
    result = is_switched(stats) ? "set_up" : "not_asked";
  } else if (!pod.running) {
    result = "pending";
  } else {
    reason = reason_of(view, pod);
    if (reason) result = reason_name(*reason);
  }
  object["setUp"] = result == "set_up";
  object["result"] = result;
  object["switch"] = is_switched(stats) ? switch_name(view.switch_kind) : "none";
  object["findings"] = Json::array();
  if (reason) object["findings"].push_back(finding_json(*reason));
  add_activity(object, stats == nullptr ? ScopeStats{} : *stats);
  return object;
}

Json node_status(const NodeView& view) {
  auto reasons = Json::array();
  auto checks = Json::array();
  for (const CheckResult& check : view.snapshot.report.checks) {
    if (check.verdict == Verdict::kFail) reasons.push_back(check.name + ": " + check.finding);
    checks.push_back({{"name", check.name},
                      {"verdict", verdict_key(check.verdict)},
                      {"detail", check.finding},
                      {"hint", check.hint}});
  }
  auto pods = Json::array();
  for (const PodFacts& pod : view.pods)
    if (is_shown(view, pod)) pods.push_back(pod_status(view, pod));
  return {{"apiVersion", "smc/v1"},
          {"version", kVersion},
          {"node", view.node},
          {"ready", view.snapshot.report.ready()},
          {"switch", switch_name(view.switch_kind)},
          {"reasons", reasons},
          {"checks", checks},
          {"pods", pods}};
}

void add_sockets(Json& pod, const std::vector<SmcSocket>& sockets) {
  auto list = Json::array();
  std::map<std::string, std::uint64_t> connections = no_connections();
  for (const SmcSocket& socket : sockets) {
    const bool fell_back = socket.mode == SocketMode::kTcp;
    const bool listens = socket.state == SocketState::kListen;
    if (const std::string key = mode_key(socket.mode); !key.empty()) ++connections[key];
    list.push_back({{"local", address_text(socket.local_address, socket.local_port)},
                    {"peer", listens ? "" : address_text(socket.peer_address, socket.peer_port)},
                    {"mode", mode_key(socket.mode)},
                    {"code", fell_back ? code_text(socket.fallback_reason) : ""},
                    {"reason", fell_back ? code_meaning(socket.fallback_reason) : ""},
                    {"state", state_name(socket.state)}});
  }
  pod["connections"] = connections;
  pod["sockets"] = std::move(list);
}

}  // namespace smc::node
