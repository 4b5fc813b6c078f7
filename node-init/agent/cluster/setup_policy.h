// Which pods the agent sets up: those that ask for SMC, that the webhook injected, and that it
// would inject by this policy. Annotations and containers may be forged by whoever may create pods,
// so nothing that the webhook refuses is had by writing what it writes. Pure; values, safe on any
// thread.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "base/destinations.h"
#include "node-init/agent/cluster/mesh_follower.h"
#include "node-init/agent/cluster/pod_facts.h"
#include "node-init/agent/cluster/pod_list.h"
#include "node-init/agent/pod_requests.h"

namespace smc::node {

// As the webhook's configuration has it.
struct SetupPolicy {
  std::set<std::string> excluded_namespaces;
  // That a pod may have: "interface", "pnetid", "exclude-destinations".
  std::set<std::string> overrides;
  Destinations exclude_destinations;  // of every pod
  SwitchChoice program_switch = SwitchChoice::kAuto;
};

// Nothing for a pod that the agent leaves alone.
std::optional<PodRequest> setup_request(const PodFacts& pod, const SetupPolicy& policy);

// Nothing for any pod while the mesh switch is off, or not known yet. What is set up already stays.
class PolicyRequests final : public PodRequests {
 public:
  PolicyRequests(const PodList& pods, const MeshFollower& mesh, SetupPolicy policy)
      : pods_(pods), mesh_(mesh), policy_(std::move(policy)) {}

  std::optional<PodRequest> request_of(const std::string& cgroup_uid) const override;

 private:
  const PodList& pods_;
  const MeshFollower& mesh_;
  const SetupPolicy policy_;
};

}  // namespace smc::node
