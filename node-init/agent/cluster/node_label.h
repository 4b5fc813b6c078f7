// The label of Nodes that can carry SMC-R. A value, safe on any thread.
#pragma once

#include <string>

#include "base/keys.h"

namespace smc::node {

struct NodeLabel {
  std::string key = std::string(kNodeLabelKey);
  std::string value = std::string(kNodeLabelValue);
};

}  // namespace smc::node
