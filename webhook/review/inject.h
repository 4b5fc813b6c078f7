// The injector: the decision about one review and, where the pod is to change, the patch. One pure
// function, safe on any thread.
#pragma once

#include <string>
#include <vector>

#include "webhook/config/config.h"
#include "webhook/review/decision.h"
#include "webhook/review/json_reader.h"
#include "webhook/review/review.h"

namespace smc::webhook {

struct Outcome {
  Decision decision = Decision::kNotAnnotated;
  std::string patch;                  // JSON Patch; empty where nothing changes
  std::vector<std::string> warnings;  // for the user
  bool audit = false;                 // the decision belongs into the audit log
};

// Meaningful only where `reader` still is ok() afterwards: the pod may have to be refused.
Outcome inject(Reader& reader, const Review& review, const Config& config);

}  // namespace smc::webhook
