// `kubectl smc check`: what is well in a cluster and what is not, in groups. Pure functions from a
// snapshot, safe on any thread.
#pragma once

#include <string>
#include <vector>

#include "kubectl/snapshot.h"
#include "kubectl/text.h"

namespace smc::kubectl {

struct Finding {
  Verdict verdict = Verdict::kPass;
  std::string what;                       // one line
  std::string hint = {};                  // what the reader can do; of a pass none
  std::vector<std::string> details = {};  // which ones: lines of their own
};

struct Group {
  std::string title;
  std::vector<Finding> findings;
};

// Each group has at least one finding.
std::vector<Group> check(const Snapshot& snapshot);

Group check_server(const Snapshot& snapshot);
Group check_webhook(const Snapshot& snapshot);
Group check_versions(const Snapshot& snapshot);
Group check_admission(const Snapshot& snapshot);
Group check_nodes(const Snapshot& snapshot);
Group check_namespaces(const Snapshot& snapshot);
Group check_workloads(const Snapshot& snapshot);
Group check_pairs(const Snapshot& snapshot);
Group check_alerts(const Snapshot& snapshot);

Verdict overall(const std::vector<Group>& groups);

// For people: the groups and a closing verdict.
std::string check_text(const std::vector<Group>& groups, const Style& style);
std::string check_json(const std::vector<Group>& groups);

}  // namespace smc::kubectl
