#include "node-init/agent/cluster/setup_policy.h"

namespace smc::node {

std::optional<PodRequest> setup_request(const PodFacts& pod, const SetupPolicy& policy) {
  if (policy.excluded_namespaces.contains(pod.ns)) return std::nullopt;
  if (!pod.asks_for_smc || pod.host_network || pod.is_static) return std::nullopt;
  if (!pod.by_agent && !pod.by_itself) return std::nullopt;
  const auto may = [&](const char* what) { return policy.overrides.contains(what); };
  PodRequest request{{pod.ns, pod.name}, {}, /*privileged=*/pod.by_itself};
  PodOptions& options = request.options;
  options.exclude_destinations = policy.exclude_destinations;
  if (may("exclude-destinations"))
    options.exclude_destinations = joined(options.exclude_destinations, pod.exclude_destinations);
  // Whose programs need no switch, and that has no list, needs nobody where its container does the
  // rest.
  if (request.privileged && pod.programs_ask && options.exclude_destinations.empty())
    return std::nullopt;
  options.test_first = true;
  options.self_test = SelfTestMode::kOn;
  options.program_switch = policy.program_switch;
  if (pod.programs_ask) options.programs = Programs::kAsk;
  if (may("interface")) options.interface = pod.interface;
  if (may("pnetid")) options.pnetid = pod.pnetid;
  return request;
}

std::optional<PodRequest> PolicyRequests::request_of(const std::string& cgroup_uid) const {
  if (!mesh_.on()) return std::nullopt;
  const auto pod = pods_.pod_of(cgroup_uid);
  return pod ? setup_request(*pod, policy_) : std::nullopt;
}

}  // namespace smc::node
