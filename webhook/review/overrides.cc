#include "webhook/review/overrides.h"

#include <algorithm>
#include <string>

#include "base/keys.h"
#include "base/pod_arguments.h"

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

struct Rule {
  Override kind;
  std::string_view annotation;
  bool (*is_valid)(std::string_view);
  std::string_view allowed;
};

constexpr Rule kOnFailureRule{Override::kOnFailure, kOnFailureAnnotation, is_on_failure,
                              "fail or fallback"};
constexpr Rule kInterfaceRule{Override::kInterface, kInterfaceAnnotation, is_interface,
                              "1 to 15 of A-Z a-z 0-9 . _ -"};
constexpr Rule kPnetidRule{Override::kPnetid, kPnetidAnnotation, is_pnetid,
                           "1 to 16 of A-Z a-z 0-9"};

// The annotation's value where it counts, else empty.
std::string_view read_override(const Rule& rule, std::optional<std::string_view> value,
                               const Config& config, Warnings& warnings) {
  if (!value) return {};
  const auto& allowed = config.injection.allowed_overrides;
  if (std::find(allowed.begin(), allowed.end(), rule.kind) == allowed.end()) {
    warnings.add("annotation " + std::string(rule.annotation) +
                 " is ignored: the webhook's configuration does not allow it");
    return {};
  }
  if (rule.is_valid(*value)) return *value;
  warnings.add("annotation " + std::string(rule.annotation) + " is ignored: " + shown(*value) +
               " is not " + std::string(rule.allowed));
  return {};
}

}  // namespace

InitArguments apply_overrides(const Annotations& annotations, const Config& config,
                              OnFailure on_failure, Warnings& warnings) {
  const std::string_view wanted =
      read_override(kOnFailureRule, annotations.on_failure, config, warnings);
  InitArguments arguments;
  arguments.on_failure = wanted.empty()        ? on_failure
                         : wanted == kFailWord ? OnFailure::kFail
                                               : OnFailure::kFallback;
  arguments.interface = read_override(kInterfaceRule, annotations.interface, config, warnings);
  arguments.pnetid = read_override(kPnetidRule, annotations.pnetid, config, warnings);
  return arguments;
}

}  // namespace smc::webhook
