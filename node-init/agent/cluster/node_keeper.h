// Keeps the agent's own Node as wished: reads it, patches it where something differs, and says so
// in an Event. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "kube/client.h"
#include "node-init/agent/cluster/events.h"
#include "node-init/agent/cluster/node_label.h"
#include "node-init/agent/cluster/node_patch.h"
#include "node-init/kernel/system.h"

namespace smc::node {

class NodeKeeper {
 public:
  // New words for the same verdict wait for this: every write goes to each watcher of Nodes.
  static constexpr std::chrono::seconds kWordsGap{60};

  NodeKeeper(std::string node, NodeLabel label)
      : node_(std::move(node)), label_(std::move(label)) {}

  // Queues an Event for a label that came or went; `reasons` is its text where it went.
  kube::Outcome<void> keep(kube::Client& client, const NodeWish& wish, const std::string& reasons,
                           EventQueue& events, Clock::time_point now);

  // Whether the Node bore the label when it was last read or written.
  std::optional<bool> label() const { return bears_; }
  // How often keep() set the label (true) and removed it.
  const std::map<bool, std::uint64_t>& changes() const { return changes_; }

 private:
  std::string node_;
  NodeLabel label_;
  std::optional<bool> bears_;
  std::map<bool, std::uint64_t> changes_{{false, 0}, {true, 0}};
  Clock::time_point next_words_;
};

// Takes label and annotation off a Node. False where it bore neither.
kube::Outcome<bool> clear_node(kube::Client& client, const nlohmann::json& node,
                               const NodeLabel& label);

kube::Target node_target(const std::string& name);

}  // namespace smc::node
