// What the agent's side towards the API server gets at its start. Values, safe on any thread.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "kube/backoff.h"
#include "kube/client.h"
#include "node-init/agent/cluster/label_latch.h"
#include "node-init/agent/cluster/mesh_follower.h"
#include "node-init/agent/cluster/node_label.h"
#include "node-init/agent/cluster/setup_watch.h"
#include "node-init/kernel/system.h"

namespace smc::node {

struct ClusterOptions {
  std::string node;
  NodeLabel label;
  LabelLatch::Limits latch;
  // Between two reads of the Node, a quarter more or less by chance: 5,000 nodes ask 83 times a
  // second for one object each. A label that somebody removed is back within this time; a watch
  // would be quicker and would need the right to read every Node.
  std::chrono::milliseconds node_period{60'000};
  Programs programs = Programs::kSwitch;  // of this node
  MeshOptions mesh;
  // Hears that the pods or the mesh switch may have changed, on a watch's thread, which may be
  // before the constructor has returned; may be empty.
  std::function<void()> on_change;
  Clock::duration pod_grace = SetupWatch::kGrace;
  kube::ClientOptions client;
  kube::Backoff::Limits backoff{std::chrono::milliseconds(500), std::chrono::seconds(30)};
};

}  // namespace smc::node
