// The names by which users, the cluster, the webhook and the node agent know each other:
// annotations and labels, all with one prefix. Values, safe on any thread.
#pragma once

#include <string_view>

namespace smc {

// On pods: what the user asks for, and what overrides the webhook's configuration for this one.
inline constexpr std::string_view kEnabledAnnotation = "smc.asm.alibabacloud.com/enabled";
inline constexpr std::string_view kOnFailureAnnotation = "smc.asm.alibabacloud.com/on-failure";
inline constexpr std::string_view kInterfaceAnnotation = "smc.asm.alibabacloud.com/interface";
inline constexpr std::string_view kProgramsAnnotation = "smc.asm.alibabacloud.com/programs";
inline constexpr std::string_view kResourcesAnnotation = "smc.asm.alibabacloud.com/resources";
inline constexpr std::string_view kPnetidAnnotation = "smc.asm.alibabacloud.com/pnetid";
inline constexpr std::string_view kExcludeDestinationsAnnotation =
    "smc.asm.alibabacloud.com/exclude-destinations";  // base/destinations.h

// On pods: what the webhook did, as JSON.
inline constexpr std::string_view kStatusAnnotation = "smc.asm.alibabacloud.com/status";

// On Nodes: "ready", or what the node lacks.
inline constexpr std::string_view kNodeAnnotation = "smc.asm.alibabacloud.com/node";

// On Nodes that can carry SMC-R, unless flags and configuration name another label; the affinity of
// annotated pods asks for it.
inline constexpr std::string_view kNodeLabelKey = "smc.asm.alibabacloud.com/erdma";
inline constexpr std::string_view kNodeLabelValue = "true";

// The key of a taint of effect NoSchedule that an administrator may put on new Nodes: the agent
// takes it off once the node is ready.
inline constexpr std::string_view kNotReadyTaint = "smc.asm.alibabacloud.com/agent-not-ready";

// On the Secret that holds the webhook's own CA: a new value asks for a rotation; the last value
// that was answered.
inline constexpr std::string_view kRotateAnnotation = "smc.asm.alibabacloud.com/rotate";
inline constexpr std::string_view kRotatedAnnotation = "smc.asm.alibabacloud.com/rotated";

}  // namespace smc
