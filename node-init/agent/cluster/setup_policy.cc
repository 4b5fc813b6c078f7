#include "node-init/agent/cluster/setup_policy.h"

namespace smc::node {

std::optional<PodOptions> setup_options(const PodFacts& pod, const SetupPolicy& policy) {
  if (!policy.mesh_on || policy.excluded_namespaces.contains(pod.ns)) return std::nullopt;
  if (!pod.asks_for_smc || !pod.by_agent || pod.host_network || pod.is_static) return std::nullopt;
  PodOptions options;
  options.test_first = true;
  options.self_test = SelfTestMode::kOn;
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
  return PodRequest{{pod->ns, pod->name}, *options};
}

}  // namespace smc::node
