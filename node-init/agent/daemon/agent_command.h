// The commands of smc-node-agent behind their command line: run, print, return the exit code. For
// the main thread.
#pragma once

#include <memory>
#include <string>

#include "base/exit_code.h"
#include "base/result.h"
#include "node-init/agent/agent.h"
#include "node-init/agent/cluster/cluster_flags.h"
#include "node-init/agent/own_record.h"
#include "node-init/kernel/destination_control.h"
#include "node-init/kernel/system.h"

namespace smc::node {

struct AgentCommand {
  AgentOptions agent;
  ClusterFlags cluster;
  bool once = false;
  std::string listen = "127.0.0.1:9465";
  std::string access_token_file;  // empty: nobody is answered below /v1/
  int period_s = 10;
  std::string state_directory = "/run/smc-node-agent";
  DestinationLists* lists = nullptr;  // of excluded destinations; may be null, but not to run
  std::string log_level = "info";
};

// With `once` or a dry run one round, printed on standard output, and no request to the cluster;
// otherwise until SIGTERM or SIGINT, and then clean_up_at_exit().
ExitCode run_agent(System& system, const AgentCommand& command);

// Of this node; with a DaemonSet of all nodes, by way of their agents.
ExitCode uninstall_agent(System& system, const AgentCommand& command);

// At the end of an agent: where its DaemonSet is being removed, everything that the agent set up is
// removed, the label first, so that no pod comes any more; where that is not so, or not known, all
// of it stays for the next agent. Blocks for 20 s at most.
void clean_up_at_exit(System& system, const OwnRecordFile& file, const AgentCommand& command,
                      const std::shared_ptr<const kube::Cluster>& cluster);

// The record of this boot in `directory`.
Result<OwnRecordFile> open_record(System& system, const std::string& directory);

// Prints the error with its hint, and returns `code`.
ExitCode fail(ExitCode code, const Error& error);

}  // namespace smc::node
