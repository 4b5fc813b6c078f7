#include "webhook/review/inject.h"

#include <algorithm>
#include <utility>

#include "base/json_text.h"
#include "base/version.h"
#include "webhook/review/affinity.h"
#include "webhook/review/init_container.h"
#include "webhook/review/overrides.h"
#include "webhook/review/patch.h"
#include "webhook/review/pod_spec.h"
#include "webhook/review/warnings.h"

namespace smc::webhook {
namespace {

bool contains(const std::vector<std::string>& list, std::string_view value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

// The first of the table's rows that the envelope and the metadata decide.
std::optional<Decision> decide_by_review(const Review& review, const Config& config) {
  const Annotations& annotations = review.annotations;
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
std::string detail(Decision decision, const Review& review, const PodSpec& spec,
                   const Config& config) {
  switch (decision) {
    case Decision::kInvalidAnnotation:
      return ", not " + shown(*review.annotations.enabled);
    case Decision::kRuntimeClass:
      return ": " + shown(spec.runtime_class);
    case Decision::kNameCollision:
      return ": " + shown(config.init_container.name);
    default:
      return {};
  }
}

Outcome skip(Decision decision, const Review& review, const PodSpec& spec, const Config& config) {
  Outcome outcome;
  outcome.decision = decision;
  outcome.audit = review.annotations.enabled.has_value();
  if (!info(decision).warns) return outcome;
  Warnings warnings;
  warnings.add("not injected (" + std::string(info(decision).code) + "): " +
               std::string(info(decision).sentence) + detail(decision, review, spec, config));
  outcome.warnings = warnings.take();
  return outcome;
}

// Why the pod is bound to one node, which a node affinity of ours could not change; else empty.
std::string_view bound_by(Reader& reader, const Review& review, const PodSpec& spec,
                          const NodeAffinity& affinity, const Config& config) {
  if (review.owner.kind == "DaemonSet") return "a DaemonSet's pod";
  if (!spec.node_name.empty()) return "a pod with spec.nodeName";
  if (names_a_node(reader, affinity, config.injection.affinity))
    return "a pod with matchFields metadata.name";
  return {};
}

// The init container becomes the first.
void place_container(Reader& reader, const PodSpec& spec, const Containers& containers,
                     const std::string& rendered, Patch& patch) {
  constexpr std::string_view kFirst = "/spec/initContainers/0";
  if (!containers.ours) {
    if (spec.init_containers) return patch.add(kFirst, rendered);
    return patch.add("/spec/initContainers", '[' + rendered + ']');
  }
  const std::size_t at = containers.ours_at;
  const std::string here = "/spec/initContainers/" + std::to_string(at);
  const bool equal = is_init_container(reader, *containers.ours, init_container_path(at), rendered);
  if (at == 0 && !equal) return patch.replace(kFirst, rendered);
  if (at == 0) return;
  if (equal) return patch.move(here, kFirst);
  patch.remove(here);
  patch.add(kFirst, rendered);
}

// Records what was done, for people and for the next call.
void annotate(const Annotations& annotations, const Config& config, Patch& patch) {
  const std::string status = R"({"version":)" + json_string(kVersion) + R"(,"container":)" +
                             json_string(config.init_container.name) + '}';
  if (annotations.status == status) return;
  static const std::string kPath = "/metadata/annotations/" + pointer_token(kStatusAnnotation);
  patch.add(kPath, json_string(status));
}

void warn_of_binding(std::string_view bound, OnFailure on_failure, Warnings& warnings) {
  warnings.add(std::string(bound) + " gets no node affinity: it " +
               (on_failure == OnFailure::kFail ? "fails" : "uses TCP") +
               " where the node has no SMC");
}

// Affinity, or why there is none.
void place_affinity(Reader& reader, const PodSpec& spec, const NodeAffinity& affinity,
                    const Config::Affinity& label, Patch& patch, Warnings& warnings) {
  if (label.mode == AffinityMode::kNone) return;
  if (spec.selected_label && !contains(label.values, *spec.selected_label))
    warnings.add("the pod cannot be scheduled: its nodeSelector excludes nodes with " +
                 printable(label.key, kMaxShownCharacters));
  require_label(reader, affinity, label, patch, warnings);
}

Outcome patch_pod(Reader& reader, const Review& review, const PodSpec& spec, Containers containers,
                  const Config& config) {
  const NodeAffinity affinity = read_node_affinity(reader, spec.affinity);
  const std::string_view bound = bound_by(reader, review, spec, affinity, config);
  Warnings warnings;
  const InitArguments arguments =
      apply_overrides(review.annotations, config,
                      bound.empty() ? config.injection.on_failure : OnFailure::kFallback, warnings);

  Patch patch;
  if (!review.spec) patch.add("/spec", "{}");
  place_container(reader, spec, containers, render_init_container(config.init_container, arguments),
                  patch);
  const std::size_t container_patch = patch.size();
  if (bound.empty())
    place_affinity(reader, spec, affinity, config.injection.affinity, patch, warnings);
  else
    warn_of_binding(bound, arguments.on_failure, warnings);
  if (patch.empty()) return {Decision::kAlreadyInjected, {}, {}, false};

  // The API server keeps the audit annotation of the first call and complains about another value.
  const bool first_call = !containers.ours || patch.size() > container_patch;
  annotate(review.annotations, config, patch);
  if (review.annotations.erdma_smcr)
    warnings.add(
        "annotation network.alibabacloud.com/erdma-smcr is set too: two programs set up "
        "one network namespace");
  warnings.add_all(std::move(containers.port_warnings));
  return {Decision::kInjected, patch.take(), warnings.take(), first_call};
}

}  // namespace

Outcome inject(Reader& reader, const Review& review, const Config& config) {
  if (const auto decision = decide_by_review(review, config))
    return skip(*decision, review, {}, config);
  const PodSpec spec = read_pod_spec(reader, review.spec, config.injection.affinity.key);
  if (const auto decision = decide_by_spec(spec, config))
    return skip(*decision, review, spec, config);
  Containers containers = read_containers(reader, spec, config.init_container.name);
  const bool foreign = containers.ours && !review.annotations.status;
  if (containers.name_taken || foreign) return skip(Decision::kNameCollision, review, spec, config);
  return patch_pod(reader, review, spec, std::move(containers), config);
}

}  // namespace smc::webhook
