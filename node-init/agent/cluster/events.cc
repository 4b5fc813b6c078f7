#include "node-init/agent/cluster/events.h"

#include <utility>

#include <nlohmann/json.hpp>

namespace smc::node {
namespace {

using std::chrono::system_clock;

constexpr const char* kComponent = "smc-node-agent";

}  // namespace

kube::Event node_event(const nlohmann::json& node, bool ready, const std::string& reasons,
                       system_clock::time_point at) {
  const auto& metadata = node.at("metadata");
  const std::string name = metadata.value("name", "");
  return {.name = kube::new_event_name(name, at),
          .about = {"v1", "Node", "", name, metadata.value("uid", "")},
          .warning = !ready,
          .reason = ready ? "SmcReady" : "SmcNotReady",
          .message = ready ? "pods of this node can use SMC-R" : reasons,
          .component = kComponent,
          .host = name,
          .first = at,
          .last = at};
}

kube::Event pod_event(const Finding& finding, const std::string& node,
                      system_clock::time_point at) {
  const PodFacts& pod = finding.pod;
  const std::string reason(reason_name(finding.reason));
  std::string containers;
  for (const std::string& name : finding.containers)
    containers += (containers.empty() ? " (" : ", ") + name;
  if (!containers.empty()) containers += ")";
  return {.name = kube::lasting_event_name(pod.name, pod.uid + "/" + reason),
          .about = {"v1", "Pod", pod.ns, pod.name, pod.uid},
          .warning = true,
          .reason = "SmcNotSetUp",
          .message = reason + containers + ": " + std::string(reason_text(finding.reason)),
          .component = kComponent,
          .host = node,
          .first = at,
          .last = at};
}

void EventQueue::add(kube::Event event) {
  queue_.push_back(std::move(event));
  if (queue_.size() <= kMost) return;
  queue_.pop_front();
  ++dropped_;
}

Clock::time_point EventQueue::due(Clock::time_point now) const {
  return share_.due(now);
}

kube::Outcome<void> EventQueue::flush(kube::Client& client, Clock::time_point now) {
  while (!queue_.empty() && share_.due(now) <= now) {
    const auto made = kube::create_event(client, queue_.front());
    if (!made && (made.error().passing() || made.error().lacks_right())) return made.error();
    share_.spend(now);
    queue_.pop_front();
    // Reported already, by this agent or the one before it.
    if (!made && made.error().conflict()) continue;
    if (!made) {
      ++dropped_;
      return made.error();
    }
  }
  return {};
}

}  // namespace smc::node
