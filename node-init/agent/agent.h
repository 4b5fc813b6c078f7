// The node agent: rounds of checking and setting up the node, looks into the pods, and what readers
// get to see of both. run() belongs to one thread, which must be in the node's own network
// namespace; metrics() and the others are for any thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "node-init/agent/agent_metrics.h"
#include "node-init/agent/node_events.h"
#include "node-init/agent/node_round.h"
#include "node-init/agent/own_record.h"
#include "node-init/agent/pod_observer.h"
#include "node-init/agent/round_pacer.h"
#include "node-init/kernel/system.h"

namespace smc::node {

struct AgentOptions {
  RoundOptions round;
  // Between two rounds, and two looks into the pods. The kernel's 16-bit counters may wrap in
  // between; its totals tell.
  std::chrono::milliseconds period{10'000};
  // Adds what others know, before anybody hears of it; may be empty.
  std::function<void(AgentSnapshot&)> complete;
  // Hears of every round and every look into the pods, on run()'s thread; may be empty.
  std::function<void(const std::shared_ptr<const AgentSnapshot>&)> on_publish;
};

class Agent {
 public:
  Agent(System& system, OwnRecordFile record, AgentOptions options, const PodDirectory& pods);

  // Until `stop_fd` is readable.
  void run(int stop_fd);

  std::string metrics() const;

  // What the last round and the last look found; null before the first.
  std::shared_ptr<const AgentSnapshot> snapshot() const;

  // Why the process should be restarted; empty: it is well.
  std::string unhealthy() const;

  // Why the node cannot carry SMC-R, in one line; empty: it can.
  std::string not_ready() const;

 private:
  void round();
  void observe(int stop_fd);
  // Waits for the next thing to do; false: to stop.
  bool wait(int stop_fd);
  void publish();

  System& system_;
  const OwnRecordFile record_;
  const AgentOptions options_;
  const PodDirectory& pods_;
  NodeEvents events_;
  PodObserver observer_;
  RoundPacer pacer_;
  Clock::time_point next_observation_;
  AgentSnapshot current_;
  std::string observation_error_;  // why pods cannot be observed, as last logged; empty: they can

  mutable std::mutex mutex_;
  std::shared_ptr<const AgentSnapshot> published_;  // guarded by mutex_
  Clock::time_point alive_;                         // guarded by mutex_; the end of the last step
};

}  // namespace smc::node
