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

// What becomes of a pod that cannot be set up: it does not start, or it runs over TCP.
enum class OnFailure { kFail, kFallback };

// The value of kOnFailureFlag and of kOnFailureAnnotation.
inline constexpr std::string_view kFailWord = "fail";
inline constexpr std::string_view kFallbackWord = "fallback";

constexpr std::string_view name_of(OnFailure on_failure) {
  return on_failure == OnFailure::kFail ? kFailWord : kFallbackWord;
}

}  // namespace smc
