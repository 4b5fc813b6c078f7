#include "webhook/review/inject.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/erdma_ports.h"
#include "base/json_text.h"
#include "webhook/review/affinity.h"
#include "webhook/review/init_container.h"
#include "webhook/review/overrides.h"
#include "webhook/review/patch.h"
#include "webhook/review/warnings.h"

namespace smc::webhook {
namespace {

bool contains(const std::vector<std::string>& list, std::string_view value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

// The first of the table's rows that the envelope and the metadata decide.
std::optional<Decision> decide_by_review(const Review& review, const Config& config) {
  const Annotations& annotations = review.pod.annotations;
  if (!review.is_pod()) return Decision::kNotAPod;
  if (!review.is_create()) return Decision::kNotCreate;
  if (!annotations.enabled) return Decision::kNotAnnotated;
  if (annotations.enabled == "false") return Decision::kOptedOut;
  if (annotations.enabled != "true") return Decision::kInvalidAnnotation;
  if (!config.mesh.smc_enabled) return Decision::kMeshDisabled;
  if (contains(config.injection.excluded_namespaces, review.pod_namespace))
    return Decision::kExcludedNamespace;
  if (annotations.mirror_pod) return Decision::kMirrorPod;
  return {};
}

// The rows that the spec decides.
std::optional<Decision> decide_by_spec(const PodSpec& spec, const Config& config) {
  if (spec.host_network) return Decision::kHostNetwork;
  if (!spec.host_users) return Decision::kUserNamespace;
  if (spec.windows) return Decision::kWindows;
  if (!spec.runtime_class.empty() &&
      contains(config.injection.excluded_runtime_classes, spec.runtime_class))
    return Decision::kRuntimeClass;
  return {};
}

// The value that made the decision, where the sentence does not show it.
std::string detail(Decision decision, const Review& review, const Config& config) {
  switch (decision) {
    case Decision::kInvalidAnnotation:
      return ", not " + shown(*review.pod.annotations.enabled);
    case Decision::kRuntimeClass:
      return ": " + shown(review.pod.spec.runtime_class);
    case Decision::kNameCollision:
      return ": " + shown(config.init_container.name);
    default:
      return {};
  }
}

Outcome skip(Decision decision, const Review& review, const Config& config) {
  Outcome outcome;
  outcome.decision = decision;
  outcome.audit = review.pod.annotations.enabled.has_value();
  if (!info(decision).warns) return outcome;
  Warnings warnings;
  warnings.add("not injected (" + std::string(info(decision).code) +
               "): " + std::string(info(decision).sentence) + detail(decision, review, config));
  outcome.warnings = warnings.take();
  return outcome;
}

// The first row of the table that holds, but for the two of a pod that asks for all we do.
std::optional<Decision> decide(const Review& review, const Config& config) {
  if (const auto decision = decide_by_review(review, config)) return decision;
  const PodSpec& spec = review.pod.spec;
  if (const auto decision = decide_by_spec(spec, config)) return decision;
  const bool foreign = spec.ours && !review.pod.annotations.status;
  if (spec.name_taken || foreign) return Decision::kNameCollision;
  return {};
}

// Why the pod is bound to one node, which a node affinity of ours could not change; else empty.
std::string_view bound_by(const Pod& pod) {
  if (pod.owner.kind == "DaemonSet") return "a DaemonSet's pod";
  if (!pod.spec.node_name.empty()) return "a pod with spec.nodeName";
  if (names_a_node(pod.spec.affinity)) return "a pod with matchFields metadata.name";
  return {};
}

// The init container becomes the first.
void place_container(const PodSpec& spec, const InitArguments& arguments,
                     const CompiledConfig& config, Patch& patch) {
  constexpr std::string_view kFirst = "/spec/initContainers/0";
  const std::string own_arguments = container_arguments_text(arguments);
  const std::array<Piece, 7> list = {"[",
                                     config.container_begin,
                                     own_arguments,
                                     config.container_middle,
                                     config.container_resources,
                                     config.container_end,
                                     "]"};
  const Patch::Value container = Patch::Value(list).subspan(1, list.size() - 2);
  if (!spec.ours) {
    if (spec.has_init_containers) return patch.add(kFirst, container);
    return patch.add("/spec/initContainers", list);
  }
  const std::size_t at = spec.ours->index;
  const bool equal = difference(*spec.ours, config.config.init_container, arguments).empty();
  if (at == 0 && equal) return;
  if (at == 0) return patch.replace(kFirst, container);
  const std::string here = "/spec/initContainers/" + std::to_string(at);
  if (equal) return patch.move(here, kFirst);
  patch.remove(here);
  patch.add(kFirst, container);
}

void warn_of_binding(std::string_view bound, OnFailure on_failure, Warnings& warnings) {
  warnings.add(std::string(bound) + " gets no node affinity: it " +
               (on_failure == OnFailure::kFail ? "fails" : "uses TCP") +
               " where the node has no SMC");
}

// Affinity, or why there is none.
void place_affinity(const PodSpec& spec, const CompiledConfig& config, Patch& patch,
                    Warnings& warnings) {
  const Config::Affinity& label = config.config.injection.affinity;
  if (label.mode == AffinityMode::kNone) return;
  if (spec.selected_label && !contains(label.values, *spec.selected_label))
    warnings.add("the pod cannot be scheduled: its nodeSelector excludes nodes with " +
                 printable(label.key, kMaxShownCharacters));
  require_label(spec.affinity, config, patch, warnings);
}

// What else the user should know of a pod that is patched.
void warn_of_conflicts(const Pod& pod, Warnings& warnings) {
  if (pod.annotations.erdma_smcr)
    warnings.add(
        "annotation network.alibabacloud.com/erdma-smcr is set too: two programs set up "
        "one network namespace");
  for (const ReservedPort& port : pod.spec.reserved_ports)
    warnings.add("containerPort " + std::to_string(port.number) + " of " + shown(port.container) +
                 ": the kernel reserves " + std::string(kErdmaPortsText) + " for eRDMA");
}

Outcome patch_pod(const Pod& pod, const CompiledConfig& config, std::string memory) {
  const std::string_view bound = bound_by(pod);
  Warnings warnings;
  const InitArguments arguments = apply_overrides(
      pod.annotations, config.config,
      bound.empty() ? config.config.injection.on_failure : OnFailure::kFallback, warnings);

  Patch patch(std::move(memory));
  if (!pod.spec.given) patch.add("/spec", {"{}"});
  place_container(pod.spec, arguments, config, patch);
  const std::size_t container_operations = patch.operations();
  if (bound.empty())
    place_affinity(pod.spec, config, patch, warnings);
  else
    warn_of_binding(bound, arguments.on_failure, warnings);
  if (patch.empty()) return {Decision::kAlreadyInjected, {}, {}, false};

  // The API server keeps the audit annotation of the first call and complains about another value.
  const bool first_call = !pod.spec.ours || patch.operations() > container_operations;
  if (pod.annotations.status != config.status) patch.add(config.add_status);
  warn_of_conflicts(pod, warnings);
  return {Decision::kInjected, patch.take(), warnings.take(), first_call};
}

}  // namespace

Outcome inject(const Review& review, const CompiledConfig& config, std::string memory) {
  if (const auto decision = decide(review, config.config))
    return skip(*decision, review, config.config);
  return patch_pod(review.pod, config, std::move(memory));
}

}  // namespace smc::webhook
