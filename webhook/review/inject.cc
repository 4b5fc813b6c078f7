#include "webhook/review/inject.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/erdma_ports.h"
#include "base/json_text.h"
#include "webhook/config/kubernetes_values.h"
#include "webhook/review/affinity.h"
#include "webhook/review/init_container.h"
#include "webhook/review/overrides.h"
#include "webhook/review/patch.h"
#include "webhook/review/placement.h"
#include "webhook/review/warnings.h"

namespace smc::webhook {
namespace {

bool contains(const std::vector<std::string>& list, std::string_view value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

// The first of the table's rows that the envelope and the metadata decide.
std::optional<Decision> decide_by_review(const Review& review, const Config& config) {
  const Annotations& annotations = review.pod.metadata.annotations;
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
std::optional<Decision> decide_by_spec(const PodSpec& spec, const Config& config, InitMode mode) {
  if (spec.host_network) return Decision::kHostNetwork;
  if (!spec.host_users && mode == InitMode::kPrivileged) return Decision::kUserNamespace;
  if (is_for_windows(spec)) return Decision::kWindows;
  const auto& excluded = config.injection.excluded_runtime_classes;
  if (!spec.runtime_class.empty() &&
      std::any_of(excluded.begin(), excluded.end(),
                  [&](const std::string& pattern) { return matches(pattern, spec.runtime_class); }))
    return Decision::kRuntimeClass;
  return {};
}

// The value that made the decision, where the sentence does not show it.
std::string detail(Decision decision, const Review& review, const Config& config) {
  switch (decision) {
    case Decision::kInvalidAnnotation:
      return ", not " + shown(*review.pod.metadata.annotations.enabled);
    case Decision::kRuntimeClass:
      return ": " + shown(review.pod.spec.runtime_class);
    case Decision::kVirtualNode:
      return ": " + std::string(virtual_node_by(review.pod));
    case Decision::kNameCollision:
      return ": " + shown(config.init_container.name);
    default:
      return {};
  }
}

Outcome skip(Decision decision, const Review& review, const Config& config) {
  Outcome outcome;
  outcome.decision = decision;
  outcome.audit = review.pod.metadata.annotations.enabled.has_value();
  if (!info(decision).warns) return outcome;
  Warnings warnings;
  warnings.add("not injected (" + std::string(info(decision).code) +
               "): " + std::string(info(decision).sentence) + detail(decision, review, config));
  outcome.warnings = warnings.take();
  return outcome;
}

// The first row of the table that holds, but for the two of a pod that asks for all we do.
std::optional<Decision> decide(const Review& review, const Config& config, InitMode mode) {
  if (const auto decision = decide_by_review(review, config)) return decision;
  const PodSpec& spec = review.pod.spec;
  if (const auto decision = decide_by_spec(spec, config, mode)) return decision;
  if (!virtual_node_by(review.pod).empty()) return Decision::kVirtualNode;
  const bool foreign = spec.ours && !review.pod.metadata.annotations.status;
  if (spec.name_taken || foreign) return Decision::kNameCollision;
  return {};
}

InitMode other(InitMode mode) {
  return mode == InitMode::kAgent ? InitMode::kPrivileged : InitMode::kAgent;
}

void warn_of_replacement(std::string_view field, const ExistingContainer& theirs,
                         const ExpectedContainer& expected, Warnings& warnings) {
  InitArguments arguments = expected.arguments;
  arguments.mode = other(arguments.mode);
  std::string text = "container " + shown(expected.config.name);
  if (difference(theirs, {expected.config, arguments, expected.resources, expected.limit_ranger})
          .empty())
    text.append(" of mode ")
        .append(name_of(arguments.mode))
        .append(" is replaced by one of mode ")
        .append(name_of(expected.arguments.mode));
  else
    text.append(" differs (").append(field).append(") from this webhook's and is replaced");
  if (field == "image") text += "; see initContainer.trustedRegistries";
  warnings.add(text);
}

// Our container moves back in front of them. One that was not there at the first call has come from
// an injector behind this webhook, which is called after it this time too.
void warn_of_sidecars(const Pod& pod, const Config::InitContainer& config, Warnings& warnings) {
  for (std::size_t i = 0; i < pod.spec.sidecars_before_ours; ++i) {
    const std::string_view name = pod.spec.sidecars[i];
    if (pod.metadata.annotations.status.value_or("").find(json_string(name)) ==
        std::string_view::npos)
      warnings.add("sidecar " + shown(name) + " stood before " + shown(config.name) +
                   ", now first: where its injector puts it back, it may start on TCP");
  }
}

// The status annotation: what the mode says and, for a second call, which sidecars there are.
void place_status(const Pod& pod, const ModeTexts& texts, Patch& patch) {
  const std::string_view begin = std::string_view(texts.status).substr(0, texts.status.size() - 1);
  const auto& there = pod.metadata.annotations.status;
  if (there && there->starts_with(begin)) return;
  if (pod.spec.sidecars.empty()) return patch.add(texts.add_status);
  std::string status(begin);
  std::string_view separator = R"(,"sidecars":[)";
  for (const std::string_view name : pod.spec.sidecars) {
    status.append(separator).append(json_string(name));
    separator = ",";
  }
  patch.add(status_pointer(), {json_string(status + "]}")});
}

// Whether the pod leaves the init container as the configuration has it.
bool is_as_configured(const InitArguments& arguments, const InitResources& resources,
                      const Config& config) {
  return arguments.programs == Programs::kSwitch && arguments.interface.empty() &&
         arguments.pnetid.empty() &&
         arguments.exclude_destinations == config.injection.exclude_destinations &&
         resources == configured_resources(config.init_container);
}

void put_first(const PodSpec& spec, bool replace, const std::string& container, Patch& patch) {
  if (replace)
    patch.replace(kFirstPointer, container);
  else if (spec.has_init_containers)
    patch.add(kFirstPointer, {container});
  else
    patch.add(kInitContainersPointer, {"[", container, "]"});
}

void put_first(const PodSpec& spec, bool replace, const ContainerOperations& ready, Patch& patch) {
  if (replace)
    patch.add(ready.replace_first);
  else
    patch.add(spec.has_init_containers ? ready.add_first : ready.add_list);
}

// The init container becomes the first, and is as we write it.
void place_container(const Pod& pod, const InitArguments& arguments, const InitResources& resources,
                     const CompiledConfig& config, Patch& patch, Warnings& warnings) {
  const Config::InitContainer& configured = config.config.init_container;
  const std::optional<ExistingContainer>& ours = pod.spec.ours;
  std::string_view changed;
  if (ours) {
    const ExpectedContainer expected{configured, arguments, resources,
                                     pod.metadata.annotations.limit_ranger};
    changed = difference(*ours, expected);
    warn_of_sidecars(pod, configured, warnings);
    const std::string here =
        std::string(kInitContainersPointer) + '/' + std::to_string(ours->index);
    if (changed.empty() && ours->index > 0) patch.move(here, kFirstPointer);
    if (changed.empty()) return;
    warn_of_replacement(changed, *ours, expected, warnings);
    if (ours->index > 0) patch.remove(here);
  }
  const bool replace = ours && ours->index == 0;
  if (is_as_configured(arguments, resources, config.config))
    put_first(pod.spec, replace, config.of(arguments.mode).container(arguments.on_failure), patch);
  else
    put_first(pod.spec, replace, render_container(configured, arguments, resources), patch);
}

// The pod may pull our image with the secrets that the configuration names.
void place_pull_secrets(const PodSpec& spec, const Config& config, Patch& patch) {
  std::string list;
  for (const std::string& name : config.init_container.image_pull_secrets) {
    if (std::ranges::find(spec.pull_secrets, name) != spec.pull_secrets.end()) continue;
    const std::string secret = R"({"name":)" + json_string(name) + '}';
    if (spec.has_pull_secrets) patch.add("/spec/imagePullSecrets/-", {secret});
    list.append(list.empty() ? "" : ",").append(secret);
  }
  if (!spec.has_pull_secrets && !list.empty())
    patch.add("/spec/imagePullSecrets", {"[", list, "]"});
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
  if (spec.node_selector.our_label && !contains(label.values, *spec.node_selector.our_label))
    warnings.add("the pod cannot be scheduled: its nodeSelector excludes nodes with " +
                 printable(label.key, kMaxShownCharacters));
  require_label(spec.affinity, config, patch, warnings);
}

// What else the user should know of a pod that is patched.
void warn_of_conflicts(const Pod& pod, Programs programs, Warnings& warnings) {
  if (pod.metadata.annotations.istio_redirect && programs == Programs::kSwitch)
    warnings.add(
        "istio tells its sidecar's connections by user id, which SMC sockets of mainline kernels "
        "do not bear: they would loop (README: In a service mesh)");
  if (pod.metadata.annotations.erdma_smcr)
    warnings.add(
        "annotation network.alibabacloud.com/erdma-smcr is set too: two programs set up "
        "one network namespace");
  for (const ReservedPort& port : pod.spec.reserved_ports)
    warnings.add("containerPort " + std::to_string(port.number) + " of " + shown(port.container) +
                 ": the kernel reserves " + std::string(kErdmaPortsText) + " for eRDMA");
}

Outcome patch_pod(const Pod& pod, const CompiledConfig& config, InitMode mode, std::string memory) {
  const std::string_view bound = bound_by(pod);
  Warnings warnings;
  const InitArguments arguments = arguments_for(
      pod.metadata.annotations, config.config, mode,
      bound.empty() ? config.config.injection.on_failure : OnFailure::kFallback, warnings);
  const InitResources resources = resources_for(pod, config.config, warnings);

  Patch patch(std::move(memory));
  if (!pod.spec.given) patch.add("/spec", {"{}"});
  place_container(pod, arguments, resources, config, patch, warnings);
  const std::size_t container_operations = patch.operations();
  place_pull_secrets(pod.spec, config.config, patch);
  if (bound.empty())
    place_affinity(pod.spec, config, patch, warnings);
  else
    warn_of_binding(bound, arguments.on_failure, warnings);
  if (patch.empty()) return {Decision::kAlreadyInjected, patch.take(), {}, false, mode};

  // The API server keeps the audit annotation of the first call and complains about another value.
  const bool first_call = !pod.spec.ours || patch.operations() > container_operations;
  place_status(pod, config.of(mode), patch);
  warn_of_conflicts(pod, arguments.programs, warnings);
  return {Decision::kInjected, patch.take(), warnings.take(), first_call, mode};
}

}  // namespace

Outcome inject(const Review& review, const CompiledConfig& config, InitMode mode,
               std::string memory) {
  if (const auto decision = decide(review, config.config, mode)) {
    Outcome outcome = skip(*decision, review, config.config);
    memory.clear();
    outcome.patch = std::move(memory);
    return outcome;
  }
  return patch_pod(review.pod, config, mode, std::move(memory));
}

}  // namespace smc::webhook
