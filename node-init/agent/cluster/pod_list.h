// The pods of this node as the API server last reported them. Every function is safe on any thread.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "kube/client.h"
#include "node-init/agent/cluster/pod_facts.h"
#include "node-init/agent/pod_observer.h"

namespace smc::node {

class PodList final : public PodDirectory {
 public:
  void replace(const std::vector<nlohmann::json>& all);
  void apply(const kube::WatchEvent& event);

  std::vector<PodFacts> pods() const;

  // The pod whose own UID this is. Never a static pod: what its annotations say of its control
  // groups, anybody may say.
  std::optional<PodFacts> pod_of(const std::string& uid) const;

  // By the UID in names of control groups. A pod that is gone keeps its name until `forget_gone`,
  // so that the last counts of its processes stay under it.
  PodName name_of(const std::string& cgroup_uid) const override;

  // Keeps the names of these of the gone pods, which still have processes.
  void forget_gone(const std::set<std::string>& cgroup_uids);

 private:
  void mark_gone(const PodFacts& pod);

  mutable std::mutex mutex_;
  std::map<std::string, PodFacts> pods_;  // by UID
  std::map<std::string, PodName> names_;  // by the UID of control groups
  std::set<std::string> gone_;            // of names_
};

}  // namespace smc::node
