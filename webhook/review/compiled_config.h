// A configuration with all that depends on it alone made ready: the texts that patches carry, in
// base64. Immutable; made once for each configuration and shared by the threads.
#pragma once

#include <string>
#include <string_view>

#include "base/base64.h"
#include "base/pod_arguments.h"
#include "webhook/config/config.h"

namespace smc::webhook {

inline constexpr std::string_view kAffinityPointer = "/spec/affinity";
inline constexpr std::string_view kNodeAffinityPointer = "/spec/affinity/nodeAffinity";
inline constexpr std::string_view kRequiredPointer =
    "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution";

// The status annotation's, escaped (RFC 6901).
std::string status_pointer();

inline constexpr std::string_view kInitContainersPointer = "/spec/initContainers";
inline constexpr std::string_view kFirstPointer = "/spec/initContainers/0";

// The operations that make the init container the first.
struct ContainerOperations {
  explicit ContainerOperations(const std::string& container);

  const Base64Fragment add_list;   // where the pod has no init containers
  const Base64Fragment add_first;  // where it has others
  const Base64Fragment replace_first;
};

// What differs by the mode.
struct ModeTexts {
  ModeTexts(const Config& config, InitMode mode);

  // For a pod that changes nothing in the init container.
  const ContainerOperations fallback;
  const ContainerOperations fail;
  const ContainerOperations& container(OnFailure on_failure) const {
    return on_failure == OnFailure::kFail ? fail : fallback;
  }

  // The status annotation's value for a pod without native sidecars, and the operation that writes
  // it.
  const std::string status;
  const Base64Fragment add_status;
};

struct CompiledConfig {
  explicit CompiledConfig(Config plain);

  const Config config;

  const ModeTexts privileged;
  const ModeTexts agent;
  const ModeTexts& of(InitMode mode) const { return mode == InitMode::kAgent ? agent : privileged; }

  // The requirement of our node label; and the operations that bring it into a pod without any.
  const Base64Fragment label_expression;
  const Base64Fragment add_affinity;       // where the pod has no affinity
  const Base64Fragment add_node_affinity;  // where that has no nodeAffinity
  const Base64Fragment add_required;       // where that requires nothing
};

}  // namespace smc::webhook
