#include "kubectl/names.h"

#include "base/json_value.h"
#include "kubectl/objects.h"

namespace smc::kubectl {

using nlohmann::json;

// Pods in the node's network share its address, which is then the node's.
Names::Names(const std::vector<json>& pods, const std::vector<json>& services,
             const std::vector<json>& nodes) {
  for (const json& node : nodes) {
    const auto addresses = node.value("/status/addresses"_json_pointer, json::array());
    for (const json& address : addresses)
      names_.emplace(text_at(address, "/address"), "node " + text_at(node, "/metadata/name"));
  }
  for (const json& service : services) {
    names_.emplace(text_at(service, "/spec/clusterIP"), "service " + name_of(service));
    const auto balancers =
        service.value("/status/loadBalancer/ingress"_json_pointer, json::array());
    for (const json& balancer : balancers)
      names_.emplace(text_at(balancer, "/ip"), "service " + name_of(service));
  }
  for (const json& pod : pods)
    if (is_live(pod) && !pod.value("/spec/hostNetwork"_json_pointer, false))
      names_.emplace(text_at(pod, "/status/podIP"), "pod " + name_of(pod));
  names_.erase("");
  names_.erase("None");
}

std::string Names::find(const std::string& address) const {
  const auto found = names_.find(address);
  return found == names_.end() ? std::string() : found->second;
}

}  // namespace smc::kubectl
