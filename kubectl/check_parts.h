// What several groups of `check` share. Pure functions, safe on any thread; for this folder's .cc
// files.
#pragma once

#include <cstdint>
#include <string>

#include "kubectl/check.h"

namespace smc::kubectl {

// As the alert SmcWebhookCertificateExpires.
inline constexpr std::int64_t kSoonS = std::int64_t{7} * 86'400;

// Of a list that could not be read: nothing is known of it, which is a warning.
inline Finding unread(const std::string& what, const kube::ApiError& error) {
  return {Verdict::kWarn, what + " could not be read: " + error.what,
          error.hint.empty() ? "try again" : error.hint};
}

}  // namespace smc::kubectl
