#include "webhook/review/placement.h"

#include <algorithm>

#include "webhook/review/affinity.h"

namespace smc::webhook {
namespace {

constexpr std::string_view kWindows = "windows";

// The label of virtual-kubelet's nodes.
constexpr std::string_view kTypeKey = "type";
constexpr std::string_view kVirtualKubelet = "virtual-kubelet";

// Whether every alternative of the affinity wants this value of the label.
bool requires_value(const NodeAffinity& affinity, std::string_view key, std::string_view value) {
  return all_usable_terms(affinity, [&](const NodeTerm& term) {
    return std::any_of(term.expressions.begin(), term.expressions.end(),
                       [&](const NodeRequirement& requirement) {
                         return requirement.key == key && requirement.op == "In" &&
                                requirement.value_count() == 1 && requirement.lists(value);
                       });
  });
}

}  // namespace

bool is_for_windows(const PodSpec& spec) {
  constexpr std::string_view kOs = "kubernetes.io/os";
  constexpr std::string_view kOlderOs = "beta.kubernetes.io/os";
  return spec.os == kWindows || spec.windows_options || spec.node_selector.os == kWindows ||
         spec.node_selector.older_os == kWindows || requires_value(spec.affinity, kOs, kWindows) ||
         requires_value(spec.affinity, kOlderOs, kWindows);
}

std::string_view virtual_node_by(const Pod& pod) {
  if (pod.metadata.eci_label == "true") return "label alibabacloud.com/eci";
  if (pod.spec.node_selector.type == kVirtualKubelet) return "nodeSelector type";
  if (pod.spec.tolerates_virtual_nodes &&
      requires_value(pod.spec.affinity, kTypeKey, kVirtualKubelet))
    return "node affinity to type virtual-kubelet";
  return {};
}

std::string_view bound_by(const Pod& pod) {
  if (pod.metadata.owner.kind == "DaemonSet") return "a DaemonSet's pod";
  if (!pod.spec.node_name.empty()) return "a pod with spec.nodeName";
  if (all_usable_terms(pod.spec.affinity, names_a_node))
    return "a pod with matchFields metadata.name";
  return {};
}

}  // namespace smc::webhook
