// `smc-webhook review`: one review in, its answer out, as the listener would give it.
#pragma once

#include "webhook/config/config.h"

namespace smc::webhook {

// Reads a review from `input` to its end and writes the answer and a newline to `output`; returns
// the exit code, 0 answered or 2 refused. A refusal is one line on standard error and nothing on
// `output`.
int review_command(int input, int output, const Config& config);

}  // namespace smc::webhook
