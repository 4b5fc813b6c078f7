// The agent's metrics about the cluster, in Prometheus' text format. Pure function, safe on any
// thread.
//   smc_node_label                              1 if the Node has the label, as last read
//   smc_node_label_changes_total{to}            on or off, by this agent
//   smc_node_annotated_not_set_up{namespace,pod,pod_uid,reason}   1; reasons: setup_watch.h
//   smc_node_mesh_smc_enabled                   1 while the mesh switch lets pods be set up
//   smc_node_api_up{what}                       node, pods, events, and mesh_switch where it is
//                                               followed: 1 if the last attempt worked
//   smc_node_api_errors_total{what}             failed attempts
//   smc_node_events_dropped_total               refused, or too many
#pragma once

#include <map>
#include <string>

#include "node-init/agent/cluster/api_health.h"
#include "node-init/agent/cluster/cluster_reporter.h"
#include "node-init/agent/cluster/mesh_follower.h"

namespace smc::node {

std::string cluster_metrics_text(const ReporterStatus& status,
                                 const std::map<ApiTask, ApiState>& states,
                                 const MeshFollower::State& mesh);

}  // namespace smc::node
