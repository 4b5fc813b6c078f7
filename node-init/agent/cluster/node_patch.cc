#include "node-init/agent/cluster/node_patch.h"

#include <string_view>

#include <nlohmann/json.hpp>

#include "base/json_value.h"
#include "base/keys.h"
#include "base/utf8.h"

namespace smc::node {
namespace {

using nlohmann::json;

// Nothing where the Node has no such text.
std::optional<std::string> member(const json& node, const char* map, std::string_view key) {
  const json::json_pointer path = json::json_pointer("/metadata") / map / std::string(key);
  if (!node.contains(path) || !node.at(path).is_string()) return std::nullopt;
  return node.at(path).get<std::string>();
}

// Well-formed text of at most kMaxReasonBytes.
std::string bounded(std::string_view text) {
  constexpr std::string_view kMore = "...";
  std::string out;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view next = length == 0 ? "?" : text.substr(0, length);
    if (out.size() + next.size() + kMore.size() > kMaxReasonBytes) return out + std::string(kMore);
    out += next == "\n" ? " " : next;
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

}  // namespace

std::string failed_checks(const std::vector<CheckResult>& checks) {
  std::string text;
  for (const CheckResult& check : checks)
    if (check.verdict == Verdict::kFail)
      text += (text.empty() ? "" : "; ") + check.name + ": " + check.finding;
  return bounded(text);
}

NodeMarks read_node_marks(const json& node, const NodeLabel& label) {
  return {member(node, "labels", label.key) == label.value,
          member(node, "annotations", kNodeAnnotation).value_or("")};
}

json node_patch(const json& node, const NodeLabel& label, const NodeMarks& desired) {
  json patch;
  const auto current_label = member(node, "labels", label.key);
  const auto wanted = desired.label ? std::optional(label.value) : std::nullopt;
  if (current_label != wanted)
    patch["metadata"]["labels"][label.key] = wanted ? json(*wanted) : json(nullptr);
  const auto current_annotation = member(node, "annotations", kNodeAnnotation);
  const auto annotation =
      desired.annotation.empty() ? std::nullopt : std::optional(desired.annotation);
  if (current_annotation != annotation)
    patch["metadata"]["annotations"][std::string(kNodeAnnotation)] =
        annotation ? json(*annotation) : json(nullptr);
  return patch;
}

json taint_patch(const json& node) {
  static const json::json_pointer kTaints("/spec/taints");
  if (!node.contains(kTaints) || !node.at(kTaints).is_array()) return nullptr;
  const json& taints = node.at(kTaints);
  for (std::size_t i = 0; i < taints.size(); ++i) {
    const json& taint = taints[i];
    if (text_at(taint, "/key") != kNotReadyTaint || text_at(taint, "/effect") != "NoSchedule")
      continue;
    const std::string path = (kTaints / i).to_string();
    return {{{"op", "test"}, {"path", path}, {"value", taint}}, {{"op", "remove"}, {"path", path}}};
  }
  return nullptr;
}

}  // namespace smc::node
