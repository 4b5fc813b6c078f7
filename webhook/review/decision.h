// The decision codes: one table that the warning, the log, the metric label and the documents read.
// Constant data, safe on any thread.
#pragma once

#include <array>
#include <string_view>

namespace smc::webhook {

// In the order in which they are checked; the first that holds decides.
enum class Decision {
  kNotAPod,
  kNotCreate,
  kNotAnnotated,
  kOptedOut,
  kInvalidAnnotation,
  kMeshDisabled,
  kExcludedNamespace,
  kMirrorPod,
  kHostNetwork,
  kUserNamespace,
  kWindows,
  kRuntimeClass,
  kVirtualNode,
  kNameCollision,
  kAlreadyInjected,
  kInjected,
};

struct DecisionInfo {
  Decision decision;
  std::string_view code;      // metric label, log field, audit annotation
  bool warns;                 // the user is told
  std::string_view sentence;  // why, for a person
};

inline constexpr std::array kDecisions = {
    DecisionInfo{Decision::kNotAPod, "not_a_pod", false, "only core/v1 Pods are looked at"},
    DecisionInfo{Decision::kNotCreate, "not_create", false, "only CREATE is looked at"},
    DecisionInfo{Decision::kNotAnnotated, "not_annotated", false,
                 "the pod does not carry the annotation"},
    DecisionInfo{Decision::kOptedOut, "opted_out", false, "the annotation is \"false\""},
    DecisionInfo{Decision::kInvalidAnnotation, "invalid_annotation", true,
                 "the annotation must be \"true\" or \"false\""},
    DecisionInfo{Decision::kMeshDisabled, "mesh_disabled", true, "SMC is off for the whole mesh"},
    DecisionInfo{Decision::kExcludedNamespace, "excluded_namespace", true,
                 "the namespace is excluded by the webhook's configuration"},
    DecisionInfo{Decision::kMirrorPod, "mirror_pod", false,
                 "a mirror pod must stay as the kubelet made it"},
    DecisionInfo{Decision::kHostNetwork, "host_network", true,
                 "with hostNetwork the node itself would be switched to SMC"},
    DecisionInfo{Decision::kUserNamespace, "user_namespace", true,
                 "hostUsers: false takes away the right to set a pnetid"},
    DecisionInfo{Decision::kWindows, "windows", true, "SMC needs a Linux pod"},
    DecisionInfo{Decision::kRuntimeClass, "runtime_class", true,
                 "pods of this runtimeClassName have a kernel of their own"},
    DecisionInfo{Decision::kVirtualNode, "virtual_node", true,
                 "a virtual node's pods have a kernel of their own"},
    DecisionInfo{Decision::kNameCollision, "name_collision", true,
                 "a container of the pod already has the init container's name"},
    DecisionInfo{Decision::kAlreadyInjected, "already_injected", false, "nothing is left to do"},
    DecisionInfo{Decision::kInjected, "injected", false, "the pod is patched"},
};

constexpr const DecisionInfo& info(Decision decision) {
  return kDecisions[static_cast<std::size_t>(decision)];
}

}  // namespace smc::webhook
