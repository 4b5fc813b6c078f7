// A configuration with all that depends on it alone made ready: the texts that patches carry, in
// base64. Immutable; made once for each configuration and shared by the threads.
#pragma once

#include <string>
#include <string_view>

#include "base/base64.h"
#include "webhook/config/config.h"

namespace smc::webhook {

inline constexpr std::string_view kAffinityPointer = "/spec/affinity";
inline constexpr std::string_view kNodeAffinityPointer = "/spec/affinity/nodeAffinity";
inline constexpr std::string_view kRequiredPointer =
    "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution";

struct CompiledConfig {
  explicit CompiledConfig(Config plain);

  const Config config;

  // The init container is its beginning, a pod's own arguments, the middle, the resources and the
  // end (init_container.h).
  const Base64Fragment container_begin;
  const Base64Fragment container_middle;
  const Base64Fragment container_resources;
  const Base64Fragment container_end;

  // The requirement of our node label; and the operations that bring it into a pod without any.
  const Base64Fragment label_expression;
  const Base64Fragment add_affinity;       // where the pod has no affinity
  const Base64Fragment add_node_affinity;  // where that has no nodeAffinity
  const Base64Fragment add_required;       // where that requires nothing

  // The status annotation's value, and the operation that writes it.
  const std::string status;
  const Base64Fragment add_status;
};

}  // namespace smc::webhook
