// The agent's side towards the API server: its Node's label, the pods of its node, the mesh switch,
// Events. Threads of its own (the reporter's, one that watches pods, two for the mesh switch); the
// agent's rounds never wait for them. Every function is safe on any thread.
//
// What is known lies in parts that each lock for themselves: the pods (PodList), the decision about
// the label (LabelDecision), the mesh switch (MeshFollower), how requests fare (ApiHealth). The
// reporter has no lock, since it is one thread's; in and out of that thread goes what mutex_ guards
// here.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "kube/stop.h"
#include "node-init/agent/agent_metrics.h"
#include "node-init/agent/cluster/api_health.h"
#include "node-init/agent/cluster/cluster_options.h"
#include "node-init/agent/cluster/cluster_reporter.h"
#include "node-init/agent/cluster/label_decision.h"
#include "node-init/agent/cluster/mesh_follower.h"
#include "node-init/agent/cluster/pod_list.h"

namespace smc::kube {
class Watcher;
struct WatchHandlers;
}  // namespace smc::kube

namespace smc::node {

class ClusterSide {
 public:
  // Starts at once. `system` is asked for the time alone, on any thread.
  ClusterSide(System& system, std::shared_ptr<const kube::Cluster> cluster, ClusterOptions options);
  // Stops within milliseconds; what is on the Node stays.
  ~ClusterSide();
  ClusterSide(const ClusterSide&) = delete;
  ClusterSide& operator=(const ClusterSide&) = delete;

  const PodList& pods() const { return pods_; }
  const MeshFollower& mesh() const { return mesh_; }

  // For AgentOptions::on_publish.
  void published(const std::shared_ptr<const AgentSnapshot>& snapshot);

  // The pods that are not set up, as of the last look; see setup_watch.h.
  std::vector<Finding> findings() const;

  // See cluster_metrics.h.
  std::string metrics() const;

 private:
  kube::WatchHandlers handlers();
  void heard() const;
  void wake();
  void run();
  // Waits for something to do; false: to stop.
  bool wait(Clock::time_point due);

  System& system_;
  const ClusterOptions options_;
  PodList pods_;
  LabelDecision decision_;
  MeshFollower mesh_;
  ApiHealth health_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_:
  bool stopping_ = false;
  bool news_ = false;  // for the reporter
  std::shared_ptr<const AgentSnapshot> snapshot_;
  ReporterStatus status_;

  kube::Stop stop_;
  ClusterReporter reporter_;  // of thread_ alone
  std::thread thread_;
  std::unique_ptr<kube::Watcher> watcher_;
};

}  // namespace smc::node
