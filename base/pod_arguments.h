// The command line of the injected init container, `smc-node-init pod …`, as the webhook writes it
// and smc-node-init reads it. Values, safe on any thread.
#pragma once

#include <string_view>

namespace smc {

inline constexpr std::string_view kPodCommand = "pod";

// Each takes a value: "--interface=eth0".
inline constexpr std::string_view kOnFailureFlag = "--on-failure";
inline constexpr std::string_view kInterfaceFlag = "--interface";
inline constexpr std::string_view kPnetidFlag = "--pnetid";
inline constexpr std::string_view kProgramsFlag = "--programs";
inline constexpr std::string_view kExcludeDestinationsFlag = "--exclude-destinations";
inline constexpr std::string_view kWaitFlag = "--wait";  // "60s"

// Without a value: the container changes nothing and waits for the node's agent to do it.
inline constexpr std::string_view kByAgentFlag = "--by-agent";

// What becomes of a pod that cannot be set up: it does not start, or it runs over TCP.
enum class OnFailure { kFail, kFallback };

// The value of kOnFailureFlag and of kOnFailureAnnotation.
inline constexpr std::string_view kFailWord = "fail";
inline constexpr std::string_view kFallbackWord = "fallback";

// How the pod's programs come to SMC: a switch has to turn their TCP sockets into SMC ones, or they
// ask for SMC themselves (IPPROTO_SMC, AF_SMC, smc_run's preload).
enum class Programs { kSwitch, kAsk };

// The value of kProgramsFlag and of kProgramsAnnotation.
inline constexpr std::string_view kSwitchWord = "switch";
inline constexpr std::string_view kAskWord = "ask";

constexpr std::string_view name_of(OnFailure on_failure) {
  return on_failure == OnFailure::kFail ? kFailWord : kFallbackWord;
}

}  // namespace smc
