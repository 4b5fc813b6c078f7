#include "webhook/review/overrides.h"

#include <algorithm>
#include <string>

#include "base/destinations.h"
#include "base/keys.h"
#include "base/pod_arguments.h"
#include "webhook/config/quantity.h"

namespace smc::webhook {
namespace {

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool is_on_failure(std::string_view value) {
  return value == kFailWord || value == kFallbackWord;
}

// ^[A-Za-z0-9._-]{1,15}$: IFNAMSIZ is 16 with its end.
bool is_interface(std::string_view value) {
  return !value.empty() && value.size() <= 15 &&
         std::all_of(value.begin(), value.end(),
                     [](char c) { return is_alphanumeric(c) || c == '.' || c == '_' || c == '-'; });
}

// ^[A-Za-z0-9]{1,16}$: SMC_MAX_PNETID_LEN is 16.
bool is_pnetid(std::string_view value) {
  return !value.empty() && value.size() <= 16 &&
         std::all_of(value.begin(), value.end(), is_alphanumeric);
}

bool is_programs(std::string_view value) {
  return value == kSwitchWord || value == kAskWord;
}

// "cpu=100m,memory=64Mi", or one of them.
bool read_resources(std::string_view value, InitResources& resources) {
  do {
    const std::size_t end = value.find(',');
    const std::string_view part = value.substr(0, end);
    const std::size_t equals = part.find('=');
    const std::string_view name = part.substr(0, equals);
    const std::string_view quantity =
        equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1);
    if (name == "cpu" && is_positive_quantity(quantity))
      resources.cpu.quantity = quantity;
    else if (name == "memory" && is_memory_quantity(quantity))
      resources.memory.quantity = quantity;
    else
      return false;
    value.remove_prefix(end == std::string_view::npos ? value.size() : end + 1);
  } while (!value.empty());
  return true;
}

bool is_resources(std::string_view value) {
  InitResources read;
  return read_resources(value, read);
}

// Whether an annotation counts at all; one that the configuration does not allow gets a warning.
bool is_allowed(Override kind, std::string_view annotation, const Config& config,
                Warnings& warnings) {
  const auto& allowed = config.injection.allowed_overrides;
  if (std::ranges::find(allowed, kind) != allowed.end()) return true;
  warnings.add("annotation " + std::string(annotation) +
               " is ignored: the webhook's configuration does not allow it");
  return false;
}

struct Rule {
  Override kind;
  std::string_view annotation;
  bool (*is_valid)(std::string_view);
  std::string_view allowed;
};

constexpr Rule kOnFailureRule{Override::kOnFailure, kOnFailureAnnotation, is_on_failure,
                              "fail or fallback"};
constexpr Rule kProgramsRule{Override::kPrograms, kProgramsAnnotation, is_programs,
                             "switch or ask"};
constexpr Rule kResourcesRule{Override::kResources, kResourcesAnnotation, is_resources,
                              "cpu=QUANTITY,memory=QUANTITY or one of them"};
constexpr Rule kInterfaceRule{Override::kInterface, kInterfaceAnnotation, is_interface,
                              "1 to 15 of A-Z a-z 0-9 . _ -"};
constexpr Rule kPnetidRule{Override::kPnetid, kPnetidAnnotation, is_pnetid,
                           "1 to 16 of A-Z a-z 0-9"};

// The annotation's value where it counts, else empty.
std::string_view read_override(const Rule& rule, std::optional<std::string_view> value,
                               const Config& config, Warnings& warnings) {
  if (!value || !is_allowed(rule.kind, rule.annotation, config, warnings)) return {};
  if (rule.is_valid(*value)) return *value;
  warnings.add("annotation " + std::string(rule.annotation) + " is ignored: " + shown(*value) +
               " is not " + std::string(rule.allowed));
  return {};
}

// The configuration's and, where they count, the pod's own. Of a list with a mistake nothing
// counts.
Destinations excluded_destinations(std::optional<std::string_view> value, const Config& config,
                                   Warnings& warnings) {
  const Destinations& configured = config.injection.exclude_destinations;
  const std::string_view key = kExcludeDestinationsAnnotation;
  if (!value || !is_allowed(Override::kExcludeDestinations, key, config, warnings))
    return configured;
  const auto own = parse_destinations(*value);
  if (own) return joined(configured, *own);
  warnings.add("annotation " + std::string(key) + " is ignored: " + own.error().what);
  return configured;
}

// Whether a container may ask for as much: the pod's request must be the largest container's at
// the least, and no container's limit may be more than the pod's.
void fit(InitAmount& amount, const PodAmount& pod) {
  for (const std::optional<Quantity>* bound : {&pod.request, &pod.limit})
    if (*bound && !is_at_most(amount.quantity, (*bound)->text)) amount.pod_level = true;
}

}  // namespace

InitArguments arguments_for(const Annotations& annotations, const Config& config, InitMode mode,
                            OnFailure on_failure, Warnings& warnings) {
  const std::string_view wanted =
      read_override(kOnFailureRule, annotations.on_failure, config, warnings);
  InitArguments arguments;
  arguments.mode = mode;
  arguments.on_failure = on_failure;
  if (!wanted.empty())
    arguments.on_failure = wanted == kFailWord ? OnFailure::kFail : OnFailure::kFallback;
  if (read_override(kProgramsRule, annotations.programs, config, warnings) == kAskWord)
    arguments.programs = Programs::kAsk;
  arguments.interface = read_override(kInterfaceRule, annotations.interface, config, warnings);
  arguments.pnetid = read_override(kPnetidRule, annotations.pnetid, config, warnings);
  arguments.exclude_destinations =
      excluded_destinations(annotations.exclude_destinations, config, warnings);
  return arguments;
}

InitResources resources_for(const Pod& pod, const Config& config, Warnings& warnings) {
  InitResources resources = configured_resources(config.init_container);
  const std::string_view wanted =
      read_override(kResourcesRule, pod.metadata.annotations.resources, config, warnings);
  if (!wanted.empty()) read_resources(wanted, resources);
  fit(resources.cpu, pod.spec.cpu);
  fit(resources.memory, pod.spec.memory);
  return resources;
}

}  // namespace smc::webhook
