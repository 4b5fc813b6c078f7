// The command `explain` of every program that has it: prints, and returns the exit code. For the
// main thread.
#pragma once

#include <string>

#include "base/exit_code.h"
#include "node-init/diagnosis/explain.h"

namespace smc::node {

// `text`: the codes as they were typed or pasted; `program` names itself in errors.
ExitCode run_explain(const char* program, const std::string& text);

// Says on standard error that no such code is known; false.
bool say_unknown_code(const char* program, const AskedCode& asked);

}  // namespace smc::node
