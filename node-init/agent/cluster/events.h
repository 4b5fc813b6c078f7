// What the agent says in Events, and their queue until the API server takes them: no more of them
// than a reader can use. One thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "kube/client.h"
#include "kube/events.h"
#include "node-init/agent/cluster/pod_facts.h"
#include "node-init/agent/cluster/setup_watch.h"
#include "node-init/kernel/system.h"

namespace smc::node {

// `at` is wall-clock time. Of a Node's label that has come or gone: SmcReady, SmcNotReady.
kube::Event node_event(const nlohmann::json& node, bool ready, const std::string& reasons,
                       std::chrono::system_clock::time_point at);
// SmcNotSetUp. Its name is made of pod and reason, so that a second one is a conflict and none.
kube::Event pod_event(const Finding& finding, const std::string& node,
                      std::chrono::system_clock::time_point at);

class EventQueue {
 public:
  // As client-go allows one source: 25 at once. Then one every 5 s, so that a webhook that was away
  // for a full node's start (110 pods) is reported within 10 minutes.
  static constexpr double kBurst = 25;
  static constexpr std::chrono::seconds kRefill{5};
  // Beyond it the oldest go: nobody reads hours of them.
  static constexpr std::size_t kMost = 200;

  void add(kube::Event event);
  bool empty() const { return queue_.empty(); }
  std::uint64_t dropped() const { return dropped_; }

  // When the next one may be sent; only where not empty().
  Clock::time_point due(Clock::time_point now) const;
  // Sends what may be sent now. An error that time may mend, or a right that somebody may grant,
  // keeps the event and is returned; any other drops it, is returned, and the next call goes on
  // with the rest.
  kube::Outcome<void> flush(kube::Client& client, Clock::time_point now);

 private:
  std::deque<kube::Event> queue_;
  std::uint64_t dropped_ = 0;
  kube::EventShare share_{kBurst, kRefill};
};

}  // namespace smc::node
