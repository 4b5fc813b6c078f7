// What of the webhook's configuration decides what `check` says. Pure functions, safe on any
// thread.
#pragma once

#include <string>
#include <vector>

#include "base/keys.h"
#include "kubectl/snapshot.h"

namespace smc::kubectl {

struct ReleaseConfig {
  bool smc_enabled = true;
  std::string mode = "auto";  // of the init container
  std::string label_key = std::string(kNodeLabelKey);
  bool needs_label = true;  // annotated pods run on labelled nodes alone
  std::vector<std::string> excluded_namespaces;
};

// Of the first release that has one; the defaults where none can be read.
ReleaseConfig release_config(const Snapshot& snapshot);

}  // namespace smc::kubectl
