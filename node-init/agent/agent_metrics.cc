#include "node-init/agent/agent_metrics.h"

#include <algorithm>
#include <cstdio>
#include <string_view>
#include <vector>

#include "base/version.h"
#include "node-init/agent/metric_family.h"
#include "node-init/kernel/fallback_codes.h"

namespace smc::node {
namespace {

void append_checks(Families& out, const NodeReport& report) {
  std::map<std::string, Verdict> worst;
  for (const CheckResult& result : report.checks) {
    const auto [at, fresh] = worst.try_emplace(result.name, result.verdict);
    if (!fresh) at->second = std::max(at->second, result.verdict);
  }
  Family ready = gauge("smc_node_ready", "1 if every check of this node holds, otherwise 0.");
  ready.add({}, !report.checks.empty() && report.ready() ? 1 : 0);
  Family candidate = gauge("smc_node_candidate",
                           "1 if this node has, or had since its boot, RDMA hardware; 0 for a node "
                           "that was never meant for SMC-R.");
  candidate.add({}, report.candidate ? 1 : 0);
  Family checks = gauge("smc_node_check", "1 for the verdict that each check of the node has.");
  for (const auto& [check, verdict] : worst)
    checks.add({{"check", check}, {"verdict", std::string(verdict_name(verdict))}}, 1);
  out.push_back(ready.take());
  out.push_back(candidate.take());
  out.push_back(checks.take());
}

void append_setup(Families& out, const NodeReport& report) {
  Family active = gauge("smc_node_port_active", "1 if this port of an RDMA device is active.");
  Family pnetids = gauge("smc_node_port_pnetid", "1 for the pnetid that each port has.");
  for (const PortState& port : report.ports) {
    const auto number = std::to_string(port.port);
    active.add({{"device", port.device}, {"port", number}, {"interface", port.interface}},
               port.active ? 1 : 0);
    pnetids.add({{"device", port.device},
                 {"port", number},
                 {"pnetid", port.pnetid},
                 {"owner", std::string(owner_name(port.owner))}},
                1);
  }
  Family ueids = gauge("smc_node_ueid", "1 for each UEID in the node's table.");
  for (const UeidState& ueid : report.ueids)
    ueids.add({{"ueid", ueid.ueid}, {"owner", std::string(owner_name(ueid.owner))}}, 1);
  out.push_back(active.take());
  out.push_back(pnetids.take());
  out.push_back(ueids.take());
}

std::string_view kind_name(SetupStep::Kind kind) {
  switch (kind) {
    case SetupStep::Kind::kSetPnetid:
      return "pnetid";
    case SetupStep::Kind::kRemoveUeid:
    case SetupStep::Kind::kAddUeid:
      return "ueid";
    case SetupStep::Kind::kAttachSwitch:
    case SetupStep::Kind::kRemoveSwitch:
      return "switch";
  }
  return "?";
}

std::string result_name(ExitCode code) {
  if (code == ExitCode::kDone) return "ready";
  return code == ExitCode::kRefused ? "refused" : "not_ready";
}

void append_rounds(Families& out, const AgentSnapshot& snapshot) {
  Family steps =
      counter("smc_node_setup_steps_total",
              "Changes that the agent made to the node; repairs put back what was lost.");
  for (const auto& [step, count] : snapshot.counters.steps)
    steps.add(
        {{"kind", std::string(kind_name(step.first))}, {"repair", step.second ? "true" : "false"}},
        static_cast<double>(count));
  Family rounds = counter("smc_node_rounds_total", "Rounds of checking and setting up the node.");
  for (const auto& [code, count] : snapshot.counters.rounds)
    rounds.add({{"result", result_name(code)}}, static_cast<double>(count));
  Family last = gauge("smc_node_last_round_timestamp_seconds",
                      "End of the last round, in seconds since the epoch.");
  last.add({}, std::chrono::duration<double>(snapshot.last_round.time_since_epoch()).count());
  out.push_back(steps.take());
  out.push_back(rounds.take());
  Family pods = counter("smc_node_pod_setups_total", "Set-ups of pods' network namespaces.");
  pods.add({{"result", "done"}}, static_cast<double>(snapshot.counters.pods.done));
  pods.add({{"result", "failed"}}, static_cast<double>(snapshot.counters.pods.failed));
  out.push_back(pods.take());
  out.push_back(last.take());
}

void append_lists(Families& out, const AgentSnapshot& snapshot) {
  Family entries = gauge("smc_node_list_entries",
                         "Entries of the agent's lists in the kernel: network namespaces in which "
                         "the BPF switch is on, excluded destinations.");
  Family limits = gauge("smc_node_list_limit", "How many entries each list may have.");
  const auto add = [&](const char* name, const std::optional<ListUse>& use) {
    if (!use) return;
    entries.add({{"list", name}}, static_cast<double>(use->entries));
    limits.add({{"list", name}}, static_cast<double>(use->limit));
  };
  add("switch", snapshot.report.switch_list);
  add("destinations", snapshot.destinations);
  out.push_back(entries.take());
  out.push_back(limits.take());
}

void append_observation(Families& out, const AgentSnapshot& snapshot) {
  const Observation& observation = snapshot.observation;
  Family spaces = gauge("smc_node_pod_namespaces",
                        "Network namespaces of pods that were observed, or dropped because there "
                        "are too many of them or of one pod.");
  spaces.add({{"state", "observed"}}, static_cast<double>(observation.namespaces));
  std::size_t dropped = 0;
  for (const auto& [uid, count] : observation.dropped) dropped += count;
  spaces.add({{"state", "dropped"}}, static_cast<double>(dropped));
  Family problems = gauge("smc_node_observation_problems",
                          "Network namespaces of which something could not be read.");
  problems.add({}, static_cast<double>(observation.problems));
  Family took = gauge("smc_node_observation_seconds",
                      "Duration of the last look at all network namespaces, in seconds.");
  took.add({}, snapshot.observation_took.count());
  out.push_back(spaces.take());
  out.push_back(problems.take());
  out.push_back(took.take());
}

// "03030000" and "no_device"; kOtherReasons has neither.
Labels reason_labels(std::uint32_t code) {
  if (code == kOtherReasons) return {{"code", "other"}, {"reason", "other"}};
  char hex[9];
  std::snprintf(hex, sizeof hex, "%08x", code);
  const FallbackCode* known = find_fallback_code(code);
  return {{"code", hex}, {"reason", known == nullptr ? "unknown" : std::string(known->name)}};
}

std::string side_name(Side side) {
  return side == Side::kClient ? "client" : "server";
}

std::string mode_label(SocketMode mode) {
  switch (mode) {
    case SocketMode::kSmcR:
      return "smcr";
    case SocketMode::kSmcD:
      return "smcd";
    case SocketMode::kTcp:
      return "tcp";
    case SocketMode::kUnknown:
      break;
  }
  return "unknown";
}

std::string hop_label(Hop hop) {
  if (hop == Hop::kUnknown) return "unknown";
  return hop == Hop::kLocal ? "local" : "remote";
}

std::string peer_label(PeerKind peer) {
  return peer == PeerKind::kNoSmc ? "no_smc" : "smc";
}

// The metrics of a network namespace.
struct NamespaceFamilies {
  Family connections = counter("smc_node_connections_total", "Connections that became SMC-R.");
  Family fallbacks =
      counter("smc_node_fallbacks_total", "Connections that asked for SMC and went on as TCP.");
  Family sockets = gauge("smc_node_sockets",
                         "Open SMC sockets by what carries their data, and whether their peer has "
                         "SMC at all.");
  Family bytes = counter("smc_node_smcr_bytes_total", "Payload that went by SMC-R, in bytes.");

  void add(const Labels& scope, const ScopeStats& stats) {
    for (const auto& [kind, count] : stats.counts.connections)
      connections.add(scope,
                      {{"side", side_name(kind.side)}, {"version", std::to_string(kind.version)}},
                      count);
    for (const auto& [key, count] : stats.counts.fallbacks) {
      Labels labels = reason_labels(key.code);
      labels.emplace_back("side", side_name(key.side));
      fallbacks.add(scope, labels, count);
    }
    for (const auto& [kind, count] : stats.sockets)
      sockets.add(scope,
                  {{"mode", mode_label(kind.mode)},
                   {"hop", hop_label(kind.hop)},
                   {"peer", peer_label(kind.peer)}},
                  count);
    for (const auto& [direction, count] : stats.counts.bytes)
      bytes.add(scope, {{"direction", direction == Direction::kSent ? "sent" : "received"}}, count);
  }
};

void append_namespaces(Families& out, const Observation& observation, const PodDirectory& pods) {
  NamespaceFamilies families;
  families.add({{"scope", "node"}}, observation.node);
  for (const auto& [uid, stats] : observation.pods) {
    const PodName name = pods.name_of(uid);
    families.add({{"scope", "pod"}, {"pod_uid", uid}, {"namespace", name.ns}, {"pod", name.name}},
                 stats);
  }
  out.push_back(families.connections.take());
  out.push_back(families.fallbacks.take());
  out.push_back(families.sockets.take());
  out.push_back(families.bytes.take());
}

}  // namespace

std::string metrics_text(const AgentSnapshot& snapshot, const PodDirectory& pods) {
  Families families;
  Family info = gauge("smc_node_info", "1, with the version of the agent.");
  info.add({{"version", kVersion}}, 1);
  families.push_back(info.take());
  append_checks(families, snapshot.report);
  append_setup(families, snapshot.report);
  append_rounds(families, snapshot);
  append_lists(families, snapshot);
  append_observation(families, snapshot);
  append_namespaces(families, snapshot.observation, pods);
  return text_of(families);
}

}  // namespace smc::node
