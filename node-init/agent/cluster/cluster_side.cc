#include "node-init/agent/cluster/cluster_side.h"

#include <algorithm>

#include "base/log.h"
#include "node-init/agent/metric_family.h"

namespace smc::node {

ClusterSide::ClusterSide(std::shared_ptr<const kube::Cluster> cluster, ClusterOptions options)
    : options_(std::move(options)),
      latch_(options_.latch),
      states_{{Task::kNode, {}}, {Task::kPods, {}}, {Task::kEvents, {}}},
      client_(cluster, stop_, options_.client),
      keeper_(options_.node, options_.label),
      setup_watch_(options_.pod_grace),
      node_pace_{kube::Backoff(options_.backoff, random_)},
      event_pace_{kube::Backoff(options_.backoff, random_)},
      thread_([this] { run(); }) {
  kube::WatcherOptions watching;
  watching.client = options_.client;
  watching.backoff = options_.backoff;
  watcher_ = std::make_unique<kube::Watcher>(
      std::move(cluster), kube::Target{kube::kPods, "", "", ""},
      kube::Selector{"", "spec.nodeName=" + options_.node}, handlers(), std::move(watching));
}

ClusterSide::~ClusterSide() {
  watcher_.reset();
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  stop_.request();
  thread_.join();
}

kube::WatchHandlers ClusterSide::handlers() {
  kube::WatchHandlers handlers;
  handlers.on_list = [this](const std::vector<nlohmann::json>& all) {
    pods_.replace(all);
    wake();
  };
  handlers.on_change = [this](const kube::WatchEvent& event) {
    pods_.apply(event);
    wake();
  };
  handlers.on_lost = [this](const kube::ApiError& error) { note(Task::kPods, &error); };
  handlers.on_recovered = [this] { note(Task::kPods, nullptr); };
  return handlers;
}

void ClusterSide::wake() {
  {
    const std::lock_guard lock(mutex_);
    dirty_ = true;
  }
  changed_.notify_all();
}

void ClusterSide::published(const std::shared_ptr<const AgentSnapshot>& snapshot) {
  std::set<std::string> there;
  for (const auto& [uid, figures] : snapshot->observation.pods) there.insert(uid);
  pods_.forget_gone(there);
  {
    const std::lock_guard lock(mutex_);
    const bool new_round = snapshot_ == nullptr || snapshot->last_round != snapshot_->last_round;
    snapshot_ = snapshot;
    dirty_ = true;
    if (new_round && !snapshot->report.checks.empty()) decide(snapshot->report, Clock::now());
  }
  changed_.notify_all();
}

// With mutex_ held.
void ClusterSide::decide(const NodeReport& report, Clock::time_point now) {
  const bool ready = report.ready();
  latch_.round(ready, now);
  if (!ready) reasons_ = failed_checks(report.checks);
  if (report.stood_down) {
    latch_.withdraw();
    wish_ = NodeWish{};
  } else if (latch_.on()) {
    wish_ = NodeWish{*latch_.on(), *latch_.on() ? "ready" : "not ready: " + reasons_};
  }
}

void ClusterSide::run() {
  Work work;
  while (take(work)) {
    look_at_pods(work);
    keep_node(work);
    send_events();
  }
}

// Waits for something to do; false: to stop.
bool ClusterSide::take(Work& work) {
  std::unique_lock lock(mutex_);
  const auto due = std::min(node_pace_.due, event_pace_.due);
  const auto ready = [this] { return stopping_ || dirty_; };
  if (due == Clock::time_point::max())
    changed_.wait(lock, ready);
  else
    changed_.wait_until(lock, due, ready);
  dirty_ = false;
  work = {snapshot_, wish_, reasons_};
  return !stopping_;
}

void ClusterSide::look_at_pods(const Work& work) {
  // Before the first look at the namespaces nothing is known of any.
  if (work.snapshot == nullptr || !work.snapshot->observed) return;
  const auto pods = pods_.pods();
  auto findings = setup_watch_.update(pods, work.snapshot->observation, Clock::now());
  std::set<std::string> there;
  for (const PodFacts& pod : pods) there.insert(pod.uid);
  std::erase_if(told_, [&](const auto& told) { return !there.contains(told.first); });
  for (const Finding& finding : findings) {
    if (!told_.emplace(finding.pod.uid, finding.reason).second) continue;
    log::warn("annotated pod is not set up", {{"namespace", finding.pod.ns},
                                              {"pod", finding.pod.name},
                                              {"reason", reason_name(finding.reason)}});
    events_.add(pod_event(finding, options_.node, std::chrono::system_clock::now()));
  }
  const std::lock_guard lock(mutex_);
  findings_ = std::move(findings);
}

void ClusterSide::keep_node(const Work& work) {
  if (!work.wish) return;
  const auto now = Clock::now();
  const bool changed = kept_ != work.wish && !node_pace_.failing;
  if (!changed && now < node_pace_.due) return;
  const auto kept = keeper_.keep(client_, *work.wish, work.reasons, events_, now);
  kept_ = work.wish;
  ended(Task::kNode, node_pace_, kept);
  if (kept)
    node_pace_.due = now + std::chrono::duration_cast<Clock::duration>(options_.node_period *
                                                                       (0.75 + random_() / 2));
  const std::lock_guard lock(mutex_);
  label_ = keeper_.label();
  label_changes_ = keeper_.changes();
}

void ClusterSide::send_events() {
  const auto now = Clock::now();
  if (!events_.empty() && !(event_pace_.failing && now < event_pace_.due))
    ended(Task::kEvents, event_pace_, events_.flush(client_, now));
  if (!event_pace_.failing)
    event_pace_.due = events_.empty() ? Clock::time_point::max() : events_.due(now);
  const std::lock_guard lock(mutex_);
  events_dropped_ = events_.dropped();
}

void ClusterSide::ended(Task task, Pace& pace, const kube::Outcome<void>& result) {
  if (!result && result.error().stopped()) return;
  note(task, result ? nullptr : &result.error());
  pace.failing = !result;
  if (result) return pace.backoff.reset();
  pace.due = Clock::now() + std::max(pace.backoff.next(), result.error().retry_after);
}

// `error` null: it worked. Each reason is logged once until it works again.
void ClusterSide::note(Task task, const kube::ApiError* error) {
  const std::lock_guard lock(mutex_);
  State& state = states_[task];
  const bool was_up = std::exchange(state.up, error == nullptr);
  if (error == nullptr) {
    if (!was_up) log::info("the API server answers again", {{"after", state.last_error}});
    state.last_error.clear();
    return;
  }
  ++state.errors;
  if (std::exchange(state.last_error, error->what) == error->what) return;
  log::warn("the API server could not be asked", {{"error", error->what}, {"hint", error->hint}});
}

std::string ClusterSide::metrics() const {
  Family label = gauge("smc_node_label", "1 if the Node bears the label, as it was last seen.");
  Family changes = counter("smc_node_label_changes_total", "Labels that were set and removed.");
  Family not_set_up = gauge("smc_node_annotated_not_set_up",
                            "1 for each running pod that asks for SMC and is not set up for it.");
  Family up = gauge("smc_node_api_up", "1 if the last attempt to ask the API server worked.");
  Family errors =
      counter("smc_node_api_errors_total", "Attempts to ask the API server that failed.");
  Family dropped = counter("smc_node_events_dropped_total", "Events that nobody got to see.");
  const std::lock_guard lock(mutex_);
  if (label_) label.add({}, *label_ ? 1 : 0);
  for (const auto& [on, count] : label_changes_)
    changes.add({{"to", on ? "on" : "off"}}, static_cast<double>(count));
  for (const Finding& finding : findings_)
    not_set_up.add({{"namespace", finding.pod.ns},
                    {"pod", finding.pod.name},
                    {"pod_uid", finding.pod.uid},
                    {"reason", std::string(reason_name(finding.reason))}},
                   1);
  for (const auto& [task, state] : states_) {
    const char* what = task == Task::kNode ? "node" : task == Task::kPods ? "pods" : "events";
    up.add({{"what", what}}, state.up ? 1 : 0);
    errors.add({{"what", what}}, static_cast<double>(state.errors));
  }
  dropped.add({}, static_cast<double>(events_dropped_));
  return text_of(
      {label.take(), changes.take(), not_set_up.take(), up.take(), errors.take(), dropped.take()});
}

}  // namespace smc::node
