// The groups about annotated pods and whom they talk to.
#include <algorithm>
#include <map>
#include <set>

#include "base/json_text.h"
#include "base/json_value.h"
#include "base/keys.h"
#include "kubectl/check.h"
#include "kubectl/check_parts.h"
#include "kubectl/names.h"
#include "kubectl/objects.h"
#include "kubectl/release_config.h"

namespace smc::kubectl {
namespace {

using nlohmann::json;

constexpr const char* kPeerNoSmc = "03010000";
constexpr const char* kListening = "LISTEN";  // as the agents name that state

// Workloads by why their pods run without SMC, and how many pods each has.
using Reasons = std::map<std::string, std::map<std::string, std::size_t>>;

// The oldest webhook object's time; RFC 3339 in UTC compares as text.
std::string webhook_since(const Snapshot& snapshot) {
  std::string oldest;
  for (const json& object : snapshot.webhooks.items) {
    const std::string created = text_at(object, "/metadata/creationTimestamp");
    if (oldest.empty() || created < oldest) oldest = created;
  }
  return oldest;
}

// Why the webhook left an annotated pod alone, as far as the pod shows it; the hint behind "|".
std::string why_not_injected(const json& pod, const ReleaseConfig& config,
                             const std::string& since) {
  const auto& excluded = config.excluded_namespaces;
  if (pod.value("/spec/hostNetwork"_json_pointer, false))
    return "in the node's network|pods with hostNetwork are never injected: take the annotation "
           "off";
  if (std::ranges::find(excluded, namespace_of(pod)) != excluded.end())
    return "in an excluded namespace|injection.excludedNamespaces has it; move the pods";
  if (!config.smc_enabled) return "the mesh switch is off|helm upgrade --set mesh.smcEnabled=true";
  if (!text_at(pod, "/spec/runtimeClassName").empty())
    return "under a RuntimeClass of its own|a runtime with a kernel of its own has no SMC";
  if (!since.empty() && text_at(pod, "/metadata/creationTimestamp") < since)
    return "older than the webhook|kubectl rollout restart makes the pods anew";
  return "not injected|kubectl rollout restart; if that changes nothing, see group Admission";
}

std::string set_up_problem(const json& summary) {
  const std::string result = text_at(summary, "/result");
  if (result != "fallback" && result != "failed" && result != "not_switched") return {};
  const std::string reason = shown_at(summary, "/reason");
  const std::string hint = shown_at(summary, "/hint");
  const std::string what =
      result == "not_switched" ? "the node has no switch for existing programs" : reason;
  return "injected, on TCP: " + (what.empty() ? result : what) + "|" +
         (hint.empty() ? "kubectl logs POD -c smc-init" : hint);
}

// What each agent finds amiss with a pod, by NS/NAME.
std::map<std::string, std::string> agent_findings(const Snapshot& snapshot) {
  std::map<std::string, std::string> out;
  for (const auto& [node, answer] : snapshot.agents)
    for (const json& pod : items_of(answer.status, "pods")) {
      const json& findings = items_of(pod, "findings");
      if (findings.empty()) continue;
      out[text_at(pod, "/namespace") + "/" + text_at(pod, "/name")] =
          shown_at(findings.front(), "/message") + "|" + shown_at(findings.front(), "/hint");
    }
  return out;
}

bool is_unschedulable(const json& pod) {
  const auto conditions = pod.value("/status/conditions"_json_pointer, json::array());
  return std::ranges::any_of(conditions, [](const json& each) {
    return text_at(each, "/type") == "PodScheduled" && text_at(each, "/reason") == "Unschedulable";
  });
}

// Empty: nothing is amiss.
std::string problem_of(const json& pod, const ReleaseConfig& config, const std::string& since,
                       const std::map<std::string, std::string>& of_agents) {
  if (!is_injected(pod)) return why_not_injected(pod, config, since);
  if (is_unschedulable(pod))
    return "not scheduled|no node with the label " + config.label_key +
           " has room: see group Nodes and agents";
  if (const std::string problem = set_up_problem(init_summary(pod)); !problem.empty())
    return problem;
  const auto found = of_agents.find(name_of(pod));
  return found == of_agents.end() ? std::string() : found->second;
}

Finding reason_finding(const std::string& reason,
                       const std::map<std::string, std::size_t>& workloads) {
  const std::size_t bar = reason.find('|');
  std::size_t pods = 0;
  Finding finding{Verdict::kWarn, {}, reason.substr(bar + 1), {}};
  for (const auto& [workload, count] : workloads) {
    pods += count;
    finding.details.push_back(workload + ", " + counted(count, "pod"));
  }
  finding.what = counted(pods, "annotated pod") + ": " + reason.substr(0, bar);
  if (finding.hint.empty()) finding.hint = "kubectl smc status POD shows its connections";
  return finding;
}

// Values of the annotation that are neither "true" nor "false", which the webhook leaves alone.
Finding misspelt(const Snapshot& snapshot) {
  Finding finding{Verdict::kWarn, {}, "only \"true\" and \"false\" are values, in lower case", {}};
  std::set<std::string> lines;
  for (const json& pod : snapshot.pods.items) {
    const std::string value = annotation_of(pod, kEnabledAnnotation);
    if (is_live(pod) && !value.empty() && value != "true" && value != "false")
      lines.insert(workload_of(pod) + ": \"" + printable(value, 40) + "\"");
  }
  finding.details.assign(lines.begin(), lines.end());
  finding.what = counted(lines.size(), "workload") + " with a misspelt annotation";
  return finding;
}

// Services of which some pods are annotated and others not: half of its connections are TCP.
void mixed_services(const Snapshot& snapshot, std::vector<std::string>& out) {
  std::map<std::string, std::vector<const json*>> by_namespace;
  for (const json& pod : snapshot.pods.items)
    if (is_live(pod)) by_namespace[namespace_of(pod)].push_back(&pod);
  for (const json& service : snapshot.services.items) {
    std::size_t with = 0;
    std::size_t all = 0;
    for (const json* pod : by_namespace[namespace_of(service)]) {
      if (!selects(service, *pod)) continue;
      ++all;
      if (is_annotated(*pod)) ++with;
    }
    if (with > 0 && with < all)
      out.push_back("service " + name_of(service) + ": " + std::to_string(with) + " of " +
                    counted(all, "pod") + " annotated");
  }
}

// "client -> server" of each connection that fell back since one of both does not speak SMC.
struct OneSided {
  std::set<std::string> server_lacks, client_lacks;
};

std::string port_of(const std::string& address_and_port) {
  return address_and_port.substr(address_and_port.rfind(':') + 1);
}

std::set<std::string> listening_ports(const json& status) {
  std::set<std::string> ports;
  for (const json& socket : items_of(status, "sockets"))
    if (text_at(socket, "/state") == kListening) ports.insert(port_of(text_at(socket, "/local")));
  return ports;
}

// Nothing of a kubelet's probes, nor of connections that are closed, whose peer is 0.0.0.0.
void add_one_sided(const std::string& workload, const json& status, const Names& names,
                   OneSided& out) {
  const std::set<std::string> served = listening_ports(status);
  for (const json& socket : items_of(status, "sockets")) {
    if (text_at(socket, "/code") != kPeerNoSmc) continue;
    const std::string address = address_of(text_at(socket, "/peer"));
    const std::string known = names.find(address);
    if (address == "0.0.0.0" || known.starts_with("node ")) continue;
    if (served.contains(port_of(text_at(socket, "/local"))))
      out.client_lacks.insert((known.empty() ? address : known) + " -> " + workload);
    else
      out.server_lacks.insert(workload + " -> " +
                              (known.empty() ? text_at(socket, "/peer") : known));
  }
}

OneSided one_sided(const Snapshot& snapshot) {
  const Names names(snapshot.pods.items, snapshot.services.items, snapshot.nodes.items);
  std::map<std::string, const json*> pods;
  for (const json& pod : snapshot.pods.items) pods[name_of(pod)] = &pod;
  OneSided out;
  for (const auto& [node, answer] : snapshot.agents)
    for (const auto& [name, status] : answer.pods)
      if (const auto pod = pods.find(name); pod != pods.end())
        add_one_sided(workload_of(*pod->second), status, names, out);
  return out;
}

void add_pairs(const std::set<std::string>& lines, const std::string& side, Group& group) {
  if (lines.empty()) return;
  group.findings.push_back({Verdict::kWarn,
                            counted(lines.size(), "pair") + " of which the " + side +
                                " does not speak SMC (" + kPeerNoSmc + ")",
                            "annotate the " + side + "'s pod template too: " +
                                std::string(kEnabledAnnotation) + ": \"true\"",
                            {lines.begin(), lines.end()}});
}

}  // namespace

Group check_workloads(const Snapshot& snapshot) {
  Group group{"Annotated workloads", {}};
  if (snapshot.pods.error) {
    group.findings.push_back(unread("pods", *snapshot.pods.error));
    return group;
  }
  const ReleaseConfig config = release_config(snapshot);
  const std::string since = webhook_since(snapshot);
  const auto of_agents = agent_findings(snapshot);
  Reasons reasons;
  std::size_t fine = 0;
  for (const json& pod : snapshot.pods.items) {
    if (!is_annotated(pod) || !is_live(pod)) continue;
    const std::string problem = problem_of(pod, config, since, of_agents);
    if (problem.empty())
      ++fine;
    else
      ++reasons[problem][workload_of(pod)];
  }
  if (fine > 0)
    group.findings.push_back({Verdict::kPass, counted(fine, "annotated pod") + " injected"});
  if (fine == 0 && reasons.empty())
    group.findings.push_back({Verdict::kPass, "no pod asks for SMC"});
  for (const auto& [reason, workloads] : reasons)
    group.findings.push_back(reason_finding(reason, workloads));
  if (Finding finding = misspelt(snapshot); !finding.details.empty())
    group.findings.push_back(std::move(finding));
  return group;
}

Group check_pairs(const Snapshot& snapshot) {
  Group group{"Both ends", {}};
  if (snapshot.services.error)
    group.findings.push_back(unread("services", *snapshot.services.error));
  const OneSided pairs = one_sided(snapshot);
  add_pairs(pairs.server_lacks, "server", group);
  add_pairs(pairs.client_lacks, "client", group);
  std::vector<std::string> mixed;
  mixed_services(snapshot, mixed);
  if (!mixed.empty())
    group.findings.push_back({Verdict::kWarn,
                              counted(mixed.size(), "service") + " with pods of both kinds",
                              "annotate every workload that the Service selects", mixed});
  if (group.findings.empty())
    group.findings.push_back({Verdict::kPass, "no connection is known of which one end lacks SMC"});
  return group;
}

}  // namespace smc::kubectl
