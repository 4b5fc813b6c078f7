// The injector: the decision about one review and, where the pod is to change, the patch. One pure
// function of values, safe on any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "webhook/review/compiled_config.h"
#include "webhook/review/decision.h"
#include "webhook/review/review.h"

namespace smc::webhook {

struct Outcome {
  Decision decision = Decision::kNotAnnotated;
  std::string patch;                  // JSON Patch in base64; empty where nothing changes
  std::vector<std::string> warnings;  // for the user
  bool audit = false;                 // the decision belongs into the audit log
  std::optional<InitMode> mode = {};  // of our container in the pod; empty: it has none
};

// `mode` is the one for the review's namespace. `memory` is what the patch is written into, and
// comes back with it; its content does not count.
Outcome inject(const Review& review, const CompiledConfig& config, InitMode mode,
               std::string memory = {});

}  // namespace smc::webhook
