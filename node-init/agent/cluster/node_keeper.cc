#include "node-init/agent/cluster/node_keeper.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "base/log.h"

namespace smc::node {

using nlohmann::json;

kube::Target node_target(const std::string& name) {
  return {kube::kNodes, "", name, ""};
}

kube::Outcome<void> NodeKeeper::keep(kube::Client& client, const DesiredNode& desired,
                                     EventQueue& events) {
  const auto node = client.get(node_target(node_));
  if (!node) {
    kube::ApiError error = node.error();
    if (error.not_found()) error.hint = "is --node-name right? kubectl get nodes has the names";
    return error;
  }
  if (auto kept = keep_marks(client, *node, desired, events); !kept) return kept;
  return desired.marks.label ? remove_taint(client, *node) : kube::Outcome<void>();
}

kube::Outcome<void> NodeKeeper::remove_taint(kube::Client& client, const json& node) {
  const json patch = taint_patch(node);
  if (patch.is_null()) return {};
  const auto patched = client.patch(node_target(node_), kube::PatchType::kJson, patch);
  if (!patched) return patched.error();
  log::info("taint removed", {{"node", node_}, {"taint", kNotReadyTaint}});
  return {};
}

kube::Outcome<void> NodeKeeper::keep_marks(kube::Client& client, const json& node,
                                           const DesiredNode& desired, EventQueue& events) {
  const auto now = system_.now();
  const bool wanted = desired.marks.label;
  const bool was_set = read_node_marks(node, label_).label;
  const bool changed_by_another = label_is_set_ == wanted && was_set != wanted;
  label_is_set_ = was_set;
  const json patch = node_patch(node, label_, desired.marks);
  if (patch.is_null()) return {};
  const bool annotation = patch["metadata"].contains("annotations");
  if (was_set == wanted && annotation && now < next_annotation_) return {};
  const auto patched = client.patch(node_target(node_), kube::PatchType::kMerge, patch);
  if (!patched) return patched.error();
  label_is_set_ = wanted;
  if (annotation) next_annotation_ = now + kAnnotationGap;
  if (was_set == wanted) return {};
  ++changes_[wanted];
  log::info("label", {{"node", node_},
                      {"label", label_.key + "=" + label_.value},
                      {"set", wanted},
                      {"changed_by_another", changed_by_another},
                      {"reasons", desired.reasons}});
  events.add(node_event(node, wanted, desired.reasons, system_.wall_time()));
  return {};
}

kube::Outcome<bool> clear_node(kube::Client& client, const json& node, const NodeLabel& label) {
  const json patch = node_patch(node, label, {});
  if (patch.is_null()) return false;
  const auto name = node.at("metadata").value("name", "");
  const auto patched = client.patch(node_target(name), kube::PatchType::kMerge, patch);
  if (!patched) return patched.error();
  return true;
}

}  // namespace smc::node
