#include "node-init/agent/cluster/node_keeper.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "base/log.h"

namespace smc::node {

using nlohmann::json;

kube::Target node_target(const std::string& name) {
  return {kube::kNodes, "", name, ""};
}

kube::Outcome<void> NodeKeeper::keep(kube::Client& client, const NodeWish& wish,
                                     const std::string& reasons, EventQueue& events,
                                     Clock::time_point now) {
  const auto node = client.get(node_target(node_));
  if (!node) {
    kube::ApiError error = node.error();
    if (error.not_found()) error.hint = "is --node-name right? kubectl get nodes has the names";
    return error;
  }
  const bool bore = read_node(*node, label_).label;
  const bool taken_by_somebody = bears_ == wish.label && bore != wish.label;
  bears_ = bore;
  const json patch = node_patch(*node, label_, wish);
  if (patch.is_null()) return {};
  const bool words = patch["metadata"].contains("annotations");
  if (bore == wish.label && words && now < next_words_) return {};
  const auto patched = client.patch(node_target(node_), kube::PatchType::kMerge, patch);
  if (!patched) return patched.error();
  bears_ = wish.label;
  if (words) next_words_ = now + kWordsGap;
  if (bore == wish.label) return {};
  ++changes_[wish.label];
  log::info("label", {{"node", node_},
                      {"label", label_.key + "=" + label_.value},
                      {"set", wish.label},
                      {"changed_by_somebody", taken_by_somebody},
                      {"reasons", reasons}});
  events.add(node_event(*node, wish.label, reasons, std::chrono::system_clock::now()));
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
