// What an agent writes on its Node: the label that the scheduler follows, and in words what the
// node lacks. Pure functions, safe on any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "node-init/agent/cluster/node_label.h"
#include "node-init/diagnosis/checks.h"

namespace smc::node {

// A Node carries images, addresses and annotations of many programs, and is sent to every one of
// their watchers: some lines are enough to know where to look further.
inline constexpr std::size_t kMaxReasonBytes = 512;

// "kernel: …; rdma device: …": the checks that failed, cut between two characters.
std::string failed_checks(const std::vector<CheckResult>& checks);

struct NodeMarks {
  bool label = false;
  std::string annotation;  // empty: none

  bool operator==(const NodeMarks&) const = default;
};

// What a Node has of it now; a label with another value counts as none.
NodeMarks read_node_marks(const nlohmann::json& node, const NodeLabel& label);

// The merge patch from what the Node has to what is desired; null where nothing differs. A label
// of the same key with another value is overwritten or removed.
nlohmann::json node_patch(const nlohmann::json& node, const NodeLabel& label,
                          const NodeMarks& desired);

// The JSON patch that takes kNotReadyTaint off a Node, null where it has none. It holds the taint's
// place to what was read there: where somebody else has changed the list since, the API server
// refuses the patch, and no taint of theirs is lost.
nlohmann::json taint_patch(const nlohmann::json& node);

}  // namespace smc::node
