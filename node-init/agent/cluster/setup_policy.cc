#include "node-init/agent/cluster/setup_policy.h"

namespace smc::node {

std::optional<PodOptions> setup_options(const PodFacts& pod, const SetupPolicy& policy) {
  if (!policy.mesh_on || policy.excluded_namespaces.contains(pod.ns)) return std::nullopt;
  if (!pod.asks_for_smc || pod.host_network || pod.is_static) return std::nullopt;
  // Whose programs need no switch needs nobody where its own container does the rest.
  if (!pod.by_agent && (!pod.by_itself || pod.programs_ask)) return std::nullopt;
  PodOptions options;
  options.test_first = true;
  options.self_test = SelfTestMode::kOn;
  options.program_switch = policy.program_switch;
  if (pod.programs_ask) options.programs = Programs::kAsk;
  if (policy.overrides.contains("interface")) options.interface = pod.interface;
  if (policy.overrides.contains("pnetid")) options.pnetid = pod.pnetid;
  return options;
}

std::optional<PodRequest> PolicyRequests::request_of(const std::string& cgroup_uid) const {
  const auto pod = pods_.pod_of(cgroup_uid);
  if (!pod) return std::nullopt;
  const auto options = setup_options(*pod, policy_);
  if (!options) return std::nullopt;
  return PodRequest{{pod->ns, pod->name}, *options, /*privileged=*/pod->by_itself};
}

}  // namespace smc::node
