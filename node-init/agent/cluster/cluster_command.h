// What the commands of smc-node-agent do with a cluster, behind their command line. For the main
// thread.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/result.h"
#include "kube/cluster.h"
#include "node-init/agent/cluster/cluster_side.h"
#include "node-init/agent/cluster/removal.h"

namespace smc::node {

struct ClusterCommand {
  std::string kubeconfig;  // empty: the pod's service account, if this is a pod
  std::string node;        // empty: this agent has no Node to speak for
  std::string daemonset;   // NAMESPACE/NAME; empty: none
  std::string label;       // KEY=VALUE; empty: the default
  int on_after_s = 10;
  int off_after_s = 30;
  int node_period_s = 60;
  int timeout_s = 120;
};

// The parts of "KEY=VALUE" and "NAMESPACE/NAME"; an error says what is wrong.
Result<NodeLabel> parse_label(const std::string& text);
Result<ObjectName> parse_object_name(const std::string& text);

// Where the API server is; null where this is no pod and no kubeconfig is given, or where the agent
// has no Node to speak for, which is logged. An error only of a kubeconfig that was asked for.
Result<std::shared_ptr<const kube::Cluster>> find_agents_cluster(const ClusterCommand& command);

ClusterOptions cluster_options(const ClusterCommand& command);
RemovalOptions removal_options(const ClusterCommand& command, std::chrono::milliseconds timeout);

}  // namespace smc::node
