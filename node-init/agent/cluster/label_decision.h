// What the agent's Node shall have, decided from each round as it ends. Every function is safe on
// any thread; one mutex guards it all.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "node-init/agent/cluster/label_latch.h"
#include "node-init/agent/cluster/node_patch.h"
#include "node-init/agent/node_round.h"
#include "node-init/kernel/system.h"

namespace smc::node {

struct DesiredNode {
  NodeMarks marks;
  std::string reasons;  // of the last round that was not ready

  bool operator==(const DesiredNode&) const = default;
};

class LabelDecision {
 public:
  explicit LabelDecision(LabelLatch::Limits limits) : latch_(limits) {}

  // Of each round once, in their order.
  void add_round(const NodeReport& report, Clock::time_point now);

  // Nothing until the first decision.
  std::optional<DesiredNode> desired() const;

 private:
  mutable std::mutex mutex_;
  LabelLatch latch_;
  std::optional<DesiredNode> desired_;
  std::string reasons_;
};

}  // namespace smc::node
