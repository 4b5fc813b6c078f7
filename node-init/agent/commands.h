// The commands of smc-node-agent behind their command line: run, print, return the exit code. For
// the main thread.
#pragma once

#include <string>

#include "node-init/agent/agent.h"
#include "node-init/agent/cluster/cluster_command.h"
#include "node-init/exit_code.h"
#include "node-init/system.h"

namespace smc::node {

struct AgentCommand {
  AgentOptions agent;
  ClusterCommand cluster;
  bool once = false;
  std::string listen = "127.0.0.1:9465";
  int period_s = 10;
  std::string state_directory = "/run/smc-node-agent";
  std::string log_level = "info";
};

// With `once` or a dry run one round, told on standard output, and no word to the cluster;
// otherwise until SIGTERM or SIGINT. Takes everything back at its end where its DaemonSet is going.
ExitCode run_agent(System& system, const AgentCommand& command);

// Of this node; with a DaemonSet of all nodes, by way of their agents.
ExitCode uninstall_agent(System& system, const AgentCommand& command);

}  // namespace smc::node
