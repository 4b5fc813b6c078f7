#include "node-init/agent/cluster/cluster_reporter.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace smc::node {

ClusterReporter::ClusterReporter(System& system, std::shared_ptr<const kube::Cluster> cluster,
                                 const kube::Stop& stop, const ClusterOptions& options,
                                 const PodList& pods, const LabelDecision& decision,
                                 ApiHealth& health)
    : system_(system),
      options_(options),
      pods_(pods),
      decision_(decision),
      health_(health),
      client_(std::move(cluster), stop, options.client),
      keeper_(system, options.node, options.label),
      node_pace_(options.backoff, random_),
      findings_(system, options.node, SetupWatch(options.pod_grace, options.programs)),
      event_pace_(options.backoff, random_) {}

void ClusterReporter::work(const std::shared_ptr<const AgentSnapshot>& snapshot) {
  // Before the first look at the namespaces nothing is known of any.
  if (snapshot != nullptr && snapshot->observed) find_pods(*snapshot);
  if (const auto desired = decision_.desired()) keep_node(*desired);
  send_events();
  status_.events_dropped = events_.dropped();
}

Clock::time_point ClusterReporter::due() const {
  return std::min(node_pace_.due(), event_pace_.due());
}

void ClusterReporter::find_pods(const AgentSnapshot& snapshot) {
  status_.findings = findings_.update(pods_.pods(), snapshot.observation, events_);
}

void ClusterReporter::keep_node(const DesiredNode& desired) {
  const auto now = system_.now();
  const bool changed = kept_ != desired.marks && !node_pace_.failing();
  if (!changed && now < node_pace_.due()) return;
  const auto result = keeper_.keep(client_, desired, events_);
  kept_ = desired.marks;
  const auto period =
      std::chrono::duration_cast<Clock::duration>(options_.node_period * (0.75 + random_() / 2));
  ended(ApiTask::kNode, node_pace_, result, now + period);
  status_.label = keeper_.label();
  status_.label_changes = keeper_.changes();
}

void ClusterReporter::send_events() {
  const auto now = system_.now();
  if (event_pace_.failing() && now < event_pace_.due()) return;
  const auto due = events_.empty() ? RequestPace::kNever : events_.due(now);
  if (due > now) return event_pace_.wait_until(due);
  const auto sent = events_.flush(client_, now);
  ended(ApiTask::kEvents, event_pace_, sent,
        events_.empty() ? RequestPace::kNever : events_.due(now));
}

void ClusterReporter::ended(ApiTask task, RequestPace& pace, const kube::Outcome<void>& result,
                            Clock::time_point due) {
  if (!result && result.error().stopped()) return;
  if (result) {
    health_.succeeded(task);
    return pace.succeeded(due);
  }
  health_.failed(task, result.error());
  pace.failed(system_.now(), result.error().retry_after);
}

}  // namespace smc::node
