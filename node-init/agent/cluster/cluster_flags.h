// What smc-node-agent's command line says about the cluster, and the options that follow from it.
// For the main thread.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/result.h"
#include "kube/cluster.h"
#include "node-init/agent/cluster/cluster_side.h"
#include "node-init/agent/cluster/removal.h"
#include "node-init/agent/cluster/setup_policy.h"

namespace smc::node {

struct ClusterFlags {
  std::string kubeconfig;  // empty: the pod's service account, if this is a pod
  std::string node;        // empty: this agent labels no Node
  std::string daemonset;   // NAMESPACE/NAME; empty: none
  std::string label;       // KEY=VALUE; empty: the default
  SetupPolicy policy;
  bool mesh_smc = true;         // the mesh switch where no ASMMeshConfig says otherwise
  bool mesh_watch = false;      // follow the one of the cluster
  std::string mesh_kubeconfig;  // follow the one of this API server; empty: none
  int on_after_s = 10;
  int off_after_s = 30;
  int node_period_s = 60;
  int timeout_s = 120;
};

// The parts of "KEY=VALUE" and "NAMESPACE/NAME"; an error says what is wrong.
Result<NodeLabel> parse_label(const std::string& text);
Result<ObjectName> parse_object_name(const std::string& text);

// Where the API server is; null where this is no pod and no kubeconfig is given. An error only of a
// kubeconfig that was asked for.
Result<std::shared_ptr<const kube::Cluster>> find_cluster(const ClusterFlags& flags);
// Null, which is logged, also where the agent does not know which Node is its own.
Result<std::shared_ptr<const kube::Cluster>> find_cluster_of_node(const ClusterFlags& flags);

// `cluster`: its own, which has the ASMMeshConfig unless the flags name another.
ClusterOptions cluster_options(const ClusterFlags& flags,
                               const std::shared_ptr<const kube::Cluster>& cluster);
RemovalOptions removal_options(const ClusterFlags& flags, std::chrono::milliseconds timeout);

}  // namespace smc::node
