// The commands of smc-node-agent behind their command line: run, print, return the exit code. For
// the main thread.
#pragma once

#include <memory>
#include <string>

#include "base/exit_code.h"
#include "node-init/agent/agent.h"
#include "node-init/agent/cluster/cluster_command.h"
#include "node-init/kernel/system.h"

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

// The end of an agent. Where its DaemonSet is going it takes back everything, the label first, so
// that no pod comes any more; where that is not so, or not known, everything stays for the next
// one. Blocks for 20 s at most.
void take_leave(System& system, const OwnRecordFile& file, const ClusterCommand& command,
                const std::shared_ptr<const kube::Cluster>& cluster);

}  // namespace smc::node
