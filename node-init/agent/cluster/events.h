// Kubernetes Events of the agent: built, kept until the API server takes them, and no more of them
// than a reader can use. One thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include <nlohmann/json.hpp>

#include "kube/client.h"
#include "node-init/agent/cluster/pod_facts.h"
#include "node-init/agent/cluster/setup_watch.h"
#include "node-init/system.h"

namespace smc::node {

struct Event {
  std::string ns;
  nlohmann::json object;
};

// `at` is wall-clock time. Of a Node's label that has come or gone: SmcReady, SmcNotReady.
Event node_event(const nlohmann::json& node, bool ready, const std::string& reasons,
                 std::chrono::system_clock::time_point at);
// SmcNotSetUp. Its name is made of pod and reason, so that a second one is a conflict and none.
Event pod_event(const Finding& finding, const std::string& node,
                std::chrono::system_clock::time_point at);

class EventQueue {
 public:
  // As client-go allows one source: 25 at once. Then one every 5 s, so that a webhook that was away
  // for a full node's start (110 pods) is told within 10 minutes.
  static constexpr double kBurst = 25;
  static constexpr std::chrono::seconds kRefill{5};
  // Beyond it the oldest go: nobody reads hours of them.
  static constexpr std::size_t kMost = 200;

  void add(Event event);
  bool empty() const { return queue_.empty(); }
  std::uint64_t dropped() const { return dropped_; }

  // When the next one may be sent; only where not empty().
  Clock::time_point due(Clock::time_point now) const;
  // Sends what may be sent now. An error that time may mend keeps the event and is returned; any
  // other drops it, is returned, and the next call goes on with the rest.
  kube::Outcome<void> flush(kube::Client& client, Clock::time_point now);

 private:
  double tokens(Clock::time_point now) const;

  std::deque<Event> queue_;
  std::uint64_t dropped_ = 0;
  double tokens_ = kBurst;      // at refilled_
  Clock::time_point refilled_;  // zero: full
};

// True where the same request may work later: the API server away, busy or broken.
bool is_passing(const kube::ApiError& error);

}  // namespace smc::node
