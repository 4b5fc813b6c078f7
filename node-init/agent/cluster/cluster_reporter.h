// What the agent's reporting thread does: finds pods that are not set up, keeps the Node as
// decided, sends Events; each at a pace of its own. One thread; what it shares with others (pods,
// decision, API health) locks for itself.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "kube/backoff.h"
#include "kube/client.h"
#include "kube/stop.h"
#include "node-init/agent/agent_metrics.h"
#include "node-init/agent/cluster/api_health.h"
#include "node-init/agent/cluster/cluster_options.h"
#include "node-init/agent/cluster/events.h"
#include "node-init/agent/cluster/label_decision.h"
#include "node-init/agent/cluster/node_keeper.h"
#include "node-init/agent/cluster/pod_findings.h"
#include "node-init/agent/cluster/pod_list.h"
#include "node-init/agent/cluster/request_pace.h"

namespace smc::node {

// What came of it, for metrics.
struct ReporterStatus {
  std::optional<bool> label;                    // whether the Node had it, as last read or written
  std::map<bool, std::uint64_t> label_changes;  // set (true) and removed
  std::vector<Finding> findings;
  std::uint64_t events_dropped = 0;
};

class ClusterReporter {
 public:
  // The references must outlive it; `stop` ends each of its calls within milliseconds.
  ClusterReporter(System& system, std::shared_ptr<const kube::Cluster> cluster,
                  const kube::Stop& stop, const ClusterOptions& options, const PodList& pods,
                  const LabelDecision& decision, ApiHealth& health);

  // Does what is due now; `snapshot` is null before the agent's first round.
  void work(const std::shared_ptr<const AgentSnapshot>& snapshot);

  // When something is due again without news.
  Clock::time_point due() const;

  const ReporterStatus& status() const { return status_; }

 private:
  void find_pods(const AgentSnapshot& snapshot);
  void keep_node(const DesiredNode& desired);
  void send_events();
  // Notes the result, and when the next request is due: at `due` after a success.
  void ended(ApiTask task, RequestPace& pace, const kube::Outcome<void>& result,
             Clock::time_point due);

  System& system_;  // for its clocks
  const ClusterOptions& options_;
  const PodList& pods_;
  const LabelDecision& decision_;
  ApiHealth& health_;
  kube::Random random_ = kube::system_random();
  kube::Client client_;
  NodeKeeper keeper_;
  RequestPace node_pace_;
  std::optional<NodeMarks> kept_;  // what the Node was last asked to have
  PodFindings findings_;
  EventQueue events_;
  RequestPace event_pace_;
  ReporterStatus status_;
};

}  // namespace smc::node
