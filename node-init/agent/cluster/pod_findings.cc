#include "node-init/agent/cluster/pod_findings.h"

#include "base/log.h"

namespace smc::node {

std::vector<Finding> PodFindings::update(const std::vector<PodFacts>& pods,
                                         const Observation& observation, EventQueue& events) {
  std::vector<Finding> findings = watch_.update(pods, observation, system_.now());
  std::set<std::string> uids;
  for (const PodFacts& pod : pods) uids.insert(pod.uid);
  std::erase_if(reported_, [&](const auto& one) { return !uids.contains(one.first); });
  for (const Finding& finding : findings) {
    if (!reported_.emplace(finding.pod.uid, finding.reason).second) continue;
    log::warn("annotated pod is not set up", {{"namespace", finding.pod.ns},
                                              {"pod", finding.pod.name},
                                              {"reason", reason_name(finding.reason)}});
    events.add(pod_event(finding, node_, system_.wall_time()));
  }
  return findings;
}

}  // namespace smc::node
