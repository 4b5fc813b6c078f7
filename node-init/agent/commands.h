// The commands of smc-node-agent behind their command line: run, print, return the exit code. For
// the main thread.
#pragma once

#include <string>

#include "node-init/agent/agent.h"
#include "node-init/exit_code.h"
#include "node-init/system.h"

namespace smc::node {

struct AgentCommand {
  AgentOptions agent;
  bool once = false;
  std::string listen = "127.0.0.1:9465";
  int period_s = 10;
  std::string state_directory = "/run/smc-node-agent";
  std::string log_level = "info";
};

// With `once` or a dry run one round, told on standard output; otherwise until SIGTERM or SIGINT.
ExitCode run_agent(System& system, const AgentCommand& command);

ExitCode uninstall_agent(System& system, const AgentCommand& command);

}  // namespace smc::node
