// The agent's side towards the API server: its Node's label, the pods of its node, Events. Two
// threads of its own (one watches pods, one reads and writes the rest); the agent's rounds never
// wait for them. Every function is safe on any thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "kube/backoff.h"
#include "kube/client.h"
#include "kube/watcher.h"
#include "node-init/agent/agent_metrics.h"
#include "node-init/agent/cluster/events.h"
#include "node-init/agent/cluster/label_latch.h"
#include "node-init/agent/cluster/node_keeper.h"
#include "node-init/agent/cluster/pod_list.h"
#include "node-init/agent/cluster/setup_watch.h"

namespace smc::node {

struct ClusterOptions {
  std::string node;
  NodeLabel label;
  LabelLatch::Limits latch;
  // Between two looks at the Node, a quarter more or less by chance: 5,000 nodes ask 83 times a
  // second for one object each. A label that somebody removed is back within this time; a watch
  // would be quicker and would need the right to read every Node.
  std::chrono::milliseconds node_period{60'000};
  Clock::duration pod_grace = SetupWatch::kGrace;
  kube::ClientOptions client;
  kube::Backoff::Limits backoff{std::chrono::milliseconds(500), std::chrono::seconds(30)};
};

class ClusterSide {
 public:
  // Starts at once.
  ClusterSide(std::shared_ptr<const kube::Cluster> cluster, ClusterOptions options);
  // Stops within milliseconds; what is on the Node stays.
  ~ClusterSide();
  ClusterSide(const ClusterSide&) = delete;
  ClusterSide& operator=(const ClusterSide&) = delete;

  const PodDirectory& pods() const { return pods_; }

  // For AgentOptions::on_publish.
  void published(const std::shared_ptr<const AgentSnapshot>& snapshot);

  // In Prometheus' text format:
  //   smc_node_label                              1 if the Node bears the label, as last seen
  //   smc_node_label_changes_total{to}            on or off, by this agent
  //   smc_node_annotated_not_set_up{namespace,pod,pod_uid,reason}   1; reasons: setup_watch.h
  //   smc_node_api_up{what}                       node, pods, events: 1 if the last attempt worked
  //   smc_node_api_errors_total{what}             failed attempts; of pods: how often it was lost
  //   smc_node_events_dropped_total               refused, or too many
  std::string metrics() const;

 private:
  enum class Task { kNode, kPods, kEvents };
  struct State {
    bool up = true;
    std::uint64_t errors = 0;
    std::string last_error;
  };
  // When a task is due again.
  struct Pace {
    kube::Backoff backoff;
    Clock::time_point due = Clock::time_point::max();
    bool failing = false;
  };
  struct Work {
    std::shared_ptr<const AgentSnapshot> snapshot;
    std::optional<NodeWish> wish;
    std::string reasons;
  };

  kube::WatchHandlers handlers();
  void wake();
  void decide(const NodeReport& report, Clock::time_point now);
  void run();
  bool take(Work& work);
  void look_at_pods(const Work& work);
  void keep_node(const Work& work);
  void send_events();
  void ended(Task task, Pace& pace, const kube::Outcome<void>& result);
  void note(Task task, const kube::ApiError* error);

  const ClusterOptions options_;
  PodList pods_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_:
  bool stopping_ = false;
  bool dirty_ = false;
  std::shared_ptr<const AgentSnapshot> snapshot_;
  LabelLatch latch_;
  std::optional<NodeWish> wish_;
  std::string reasons_;  // of the last round that was not ready
  std::map<Task, State> states_;
  std::vector<Finding> findings_;
  std::optional<bool> label_;
  std::map<bool, std::uint64_t> label_changes_;
  std::uint64_t events_dropped_ = 0;

  // Of the reporting thread alone.
  kube::Random random_ = kube::system_random();
  kube::Stop stop_;
  kube::Client client_;
  NodeKeeper keeper_;
  SetupWatch setup_watch_;
  EventQueue events_;
  Pace node_pace_;
  Pace event_pace_;
  std::optional<NodeWish> kept_;
  std::set<std::pair<std::string, NotSetUp>> told_;  // pods' UIDs

  std::thread thread_;
  std::unique_ptr<kube::Watcher> watcher_;
};

}  // namespace smc::node
