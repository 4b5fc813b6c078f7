// What `kubectl smc` asks an agent for, as JSON: the node's verdict, and of each pod whether it is
// set up and what SMC does in it. From what the agent's rounds know already. Pure functions, safe
// on any thread.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/pod_arguments.h"
#include "node-init/agent/agent_metrics.h"
#include "node-init/agent/cluster/pod_facts.h"
#include "node-init/agent/cluster/setup_watch.h"
#include "node-init/kernel/program_switch.h"
#include "node-init/kernel/smc_sockets.h"

namespace smc::node {

struct NodeView {
  std::string node;  // the Node's name; empty where it is not known
  const AgentSnapshot& snapshot;
  std::vector<PodFacts> pods;
  std::vector<Finding> findings;
  SwitchKind switch_kind = SwitchKind::kNone;  // of the node's kernel
  Programs programs = Programs::kSwitch;
};

// {"apiVersion":"smc/v1","version","node","ready","switch","reasons":[],"checks":[],"pods":[]}; of
// pods those that ask for SMC, or in which SMC has done something.
nlohmann::ordered_json node_status(const NodeView& view);

// {"namespace","name","uid","setUp","result","switch","findings":[],"connections":{},
//  "fallbacks":[],"bytes":{}}. result: "set_up", "not_asked", "host_network", "pending", or the
// reason why it is not set up.
nlohmann::ordered_json pod_status(const NodeView& view, const PodFacts& pod);

// Adds "sockets":[{"local","peer","mode","code","reason","state"}] to a pod's status, and makes its
// "connections" those that they are: pod_status() has the last round's. A socket that listens has
// an empty "peer" and "mode".
void add_sockets(nlohmann::ordered_json& pod, const std::vector<SmcSocket>& sockets);

}  // namespace smc::node
