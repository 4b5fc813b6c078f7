// The command line of smc-node-agent. For the main thread.
#pragma once

#include "base/exit_code.h"

namespace smc::node {

// Reads the command line and does what it says.
ExitCode run_command_line(int argc, char** argv);

}  // namespace smc::node
