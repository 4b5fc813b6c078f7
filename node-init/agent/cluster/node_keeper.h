// Keeps the agent's own Node as decided: reads it, patches it where something differs, and reports
// a change in an Event. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "kube/client.h"
#include "node-init/agent/cluster/events.h"
#include "node-init/agent/cluster/label_decision.h"
#include "node-init/agent/cluster/node_label.h"
#include "node-init/agent/cluster/node_patch.h"
#include "node-init/kernel/system.h"

namespace smc::node {

class NodeKeeper {
 public:
  // Another annotation for the same verdict waits for this: every write goes to each watcher of
  // Nodes.
  static constexpr std::chrono::seconds kAnnotationGap{60};

  NodeKeeper(System& system, std::string node, NodeLabel label)
      : system_(system), node_(std::move(node)), label_(std::move(label)) {}

  // Once the Node has its label, takes the taint of new Nodes off, where it has that.
  // Queues an Event for a label that was set or removed; the reasons are its text where it was
  // removed.
  kube::Outcome<void> keep(kube::Client& client, const DesiredNode& desired, EventQueue& events);

  // Whether the Node had the label when it was last read or written.
  std::optional<bool> label() const { return label_is_set_; }
  // How often keep() set the label (true) and removed it.
  const std::map<bool, std::uint64_t>& changes() const { return changes_; }

 private:
  kube::Outcome<void> keep_marks(kube::Client& client, const nlohmann::json& node,
                                 const DesiredNode& desired, EventQueue& events);
  kube::Outcome<void> remove_taint(kube::Client& client, const nlohmann::json& node);

  System& system_;  // for its clocks
  std::string node_;
  NodeLabel label_;
  std::optional<bool> label_is_set_;
  std::map<bool, std::uint64_t> changes_{{false, 0}, {true, 0}};
  Clock::time_point next_annotation_;
};

// Removes label and annotation from a Node. False where it had neither.
kube::Outcome<bool> clear_node(kube::Client& client, const nlohmann::json& node,
                               const NodeLabel& label);

kube::Target node_target(const std::string& name);

}  // namespace smc::node
