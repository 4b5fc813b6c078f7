// The names by which cluster, webhook and agent know each other.
#pragma once

#include <string>
#include <string_view>

namespace smc::node {

// On pods: asked for, and done by the webhook.
inline constexpr std::string_view kEnabledAnnotation = "smc.asm.alibabacloud.com/enabled";
inline constexpr std::string_view kStatusAnnotation = "smc.asm.alibabacloud.com/status";

// On Nodes: "ready", or what the node lacks.
inline constexpr std::string_view kNodeAnnotation = "smc.asm.alibabacloud.com/node";

// On Nodes that can carry SMC-R; the affinity of annotated pods asks for it.
struct NodeLabel {
  std::string key = "smc.asm.alibabacloud.com/erdma";
  std::string value = "true";
};

}  // namespace smc::node
