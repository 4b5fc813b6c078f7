// The groups about nodes and namespaces.
#include <algorithm>
#include <set>

#include "base/json_text.h"
#include "base/json_value.h"
#include "base/keys.h"
#include "kubectl/check.h"
#include "kubectl/check_parts.h"
#include "kubectl/objects.h"
#include "kubectl/release_config.h"

namespace smc::kubectl {
namespace {

using nlohmann::json;

constexpr const char* kEnforceLabel = "pod-security.kubernetes.io/enforce";

// Nodes by what is to be said of them; each line is a node with its words.
struct NodeKinds {
  std::vector<std::string> ready, no_candidate, not_ready, no_agent, unanswered;
  std::string not_ready_hint, unanswered_hint;
};

std::string joined(const json& list) {
  std::string out;
  for (const json& each : list)
    if (each.is_string()) out += (out.empty() ? "" : "; ") + each.get<std::string>();
  return printable(out, kMaxShown);
}

// The hint of the first check that failed.
std::string first_hint(const json& status) {
  for (const json& check : items_of(status, "checks"))
    if (text_at(check, "/verdict") == "fail") return shown_at(check, "/hint");
  return {};
}

std::string ready_line(const std::string& name, const json& node, const json& status,
                       const std::string& label_key) {
  std::string line = name + ": switch " + text_at(status, "/switch");
  line += label_of(node, label_key).empty() ? ", not labelled yet" : ", labelled";
  std::size_t warnings = 0;
  for (const json& check : items_of(status, "checks"))
    if (text_at(check, "/verdict") == "warn") ++warnings;
  return warnings == 0 ? line : line + ", " + counted(warnings, "warning");
}

// A node whose agent did not answer: what it last wrote on the Node is known all the same.
void sort_by_annotation(const std::string& name, const json& node, NodeKinds& out) {
  const std::string words = annotation_of(node, kNodeAnnotation);
  if (words == "ready")
    out.ready.push_back(name + ": as its agent last said");
  else if (!words.empty())
    out.not_ready.push_back(name + ": " + printable(words, kMaxShown));
}

void sort_node(const json& node, const Snapshot& snapshot, const std::string& label_key,
               NodeKinds& out) {
  const std::string name = text_at(node, "/metadata/name");
  const auto found = snapshot.agents.find(name);
  if (found == snapshot.agents.end()) {
    if (label_of(node, "kubernetes.io/os") != "windows") out.no_agent.push_back(name);
    return sort_by_annotation(name, node, out);
  }
  const AgentAnswer& answer = found->second;
  if (answer.candidate == false) {
    out.no_candidate.push_back(name);
    return;
  }
  if (answer.error) {
    out.unanswered.push_back(name + ": " + answer.error->text());
    if (out.unanswered_hint.empty()) out.unanswered_hint = answer.error->hint;
    return sort_by_annotation(name, node, out);
  }
  if (flag_of(answer.status, "ready")) {
    out.ready.push_back(ready_line(name, node, answer.status, label_key));
    return;
  }
  const std::string reasons = joined(items_of(answer.status, "reasons"));
  out.not_ready.push_back(name + ": " + (reasons.empty() ? "no reason given" : reasons));
  if (out.not_ready_hint.empty()) out.not_ready_hint = first_hint(answer.status);
}

std::vector<Finding> node_findings(const NodeKinds& kinds) {
  std::vector<Finding> out;
  const auto add = [&](Verdict verdict, const std::vector<std::string>& nodes,
                       const std::string& words, std::string hint) {
    if (!nodes.empty())
      out.push_back({verdict, counted(nodes.size(), "node") + " " + words, std::move(hint), nodes});
  };
  if (kinds.ready.empty())
    out.push_back({Verdict::kFail, "no node is ready for SMC-R",
                   "annotated pods stay pending or run on TCP until one is"});
  add(Verdict::kPass, kinds.ready, "ready for SMC-R", "");
  add(Verdict::kPass, kinds.no_candidate, "without an RDMA device: no candidate", "");
  add(Verdict::kWarn, kinds.not_ready, "not ready",
      kinds.not_ready_hint.empty() ? "the reasons name what is missing" : kinds.not_ready_hint);
  add(Verdict::kWarn, kinds.unanswered, "whose agent did not answer",
      kinds.unanswered_hint.empty() ? "try again" : kinds.unanswered_hint);
  add(Verdict::kWarn, kinds.no_agent, "without an agent",
      "agent.tolerations and agent.nodeSelector say where agents run");
  return out;
}

struct AnnotatedNamespaces {
  std::set<std::string> names;
  explicit AnnotatedNamespaces(const Snapshot& snapshot) {
    for (const json& pod : snapshot.pods.items)
      if (is_annotated(pod)) names.insert(namespace_of(pod));
  }
};

}  // namespace

Group check_nodes(const Snapshot& snapshot) {
  Group group{"Nodes and agents", {}};
  if (snapshot.nodes.error) group.findings.push_back(unread("nodes", *snapshot.nodes.error));
  NodeKinds kinds;
  const std::string label_key = release_config(snapshot).label_key;
  for (const json& node : snapshot.nodes.items) sort_node(node, snapshot, label_key, kinds);
  if (!snapshot.nodes.error || !kinds.ready.empty())
    for (Finding& finding : node_findings(kinds)) group.findings.push_back(std::move(finding));
  return group;
}

// A namespace that enforces baseline or restricted refuses the privileged container; the agent's
// mode has none.
Group check_namespaces(const Snapshot& snapshot) {
  Group group{"Namespaces", {}};
  if (snapshot.namespaces.error) {
    group.findings.push_back(unread("namespaces", *snapshot.namespaces.error));
    return group;
  }
  const std::string mode = release_config(snapshot).mode;
  const AnnotatedNamespaces annotated(snapshot);
  std::vector<std::string> refuse, might_refuse;
  for (const json& each : snapshot.namespaces.items) {
    const std::string level = label_of(each, kEnforceLabel);
    if (level != "baseline" && level != "restricted") continue;
    std::string name = text_at(each, "/metadata/name");
    auto& list = annotated.names.contains(name) ? refuse : might_refuse;
    list.push_back(name.append(": ").append(level));
  }
  const bool privileged = mode == "privileged";
  const std::string container = "the init container (mode " + mode + ")";
  if (!refuse.empty() || !might_refuse.empty()) {
    if (!privileged)
      group.findings.push_back(
          {Verdict::kPass, counted(refuse.size() + might_refuse.size(), "namespace") +
                               " with Pod Security take " + container});
    if (privileged && !refuse.empty())
      group.findings.push_back(
          {Verdict::kFail,
           counted(refuse.size(), "namespace") + " with annotated pods refuse " + container,
           "helm upgrade --set initContainer.mode=auto", refuse});
    if (privileged && !might_refuse.empty())
      group.findings.push_back(
          {Verdict::kWarn, counted(might_refuse.size(), "namespace") + " would refuse " + container,
           "helm upgrade --set initContainer.mode=auto", might_refuse});
    return group;
  }
  group.findings.push_back(
      {Verdict::kPass, "none has a Pod Security label that refuses " + container});
  return group;
}

}  // namespace smc::kubectl
