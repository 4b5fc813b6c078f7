#include "node-init/agent/cluster/cluster_side.h"

#include <set>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "kube/watcher.h"
#include "node-init/agent/cluster/cluster_metrics.h"

namespace smc::node {

ClusterSide::ClusterSide(System& system, std::shared_ptr<const kube::Cluster> cluster,
                         ClusterOptions options)
    : system_(system),
      options_(std::move(options)),
      decision_(options_.latch),
      mesh_(options_.mesh, [this] { heard(); }),
      reporter_(system, cluster, stop_, options_, pods_, decision_, health_),
      thread_([this] { run(); }) {
  kube::WatcherOptions watching;
  watching.client = options_.client;
  watching.backoff = options_.backoff;
  // 5,000 agents that start together would have every pod read from etcd 5,000 times.
  watching.list_source = kube::ListSource::kCache;
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
    heard();
    wake();
  };
  handlers.on_change = [this](const kube::WatchEvent& event) {
    pods_.apply(event);
    heard();
    wake();
  };
  handlers.on_lost = [this](const kube::ApiError& error) { health_.failed(ApiTask::kPods, error); };
  handlers.on_recovered = [this] { health_.succeeded(ApiTask::kPods); };
  return handlers;
}

void ClusterSide::heard() const {
  if (options_.on_change) options_.on_change();
}

void ClusterSide::wake() {
  {
    const std::lock_guard lock(mutex_);
    news_ = true;
  }
  changed_.notify_all();
}

void ClusterSide::published(const std::shared_ptr<const AgentSnapshot>& snapshot) {
  std::set<std::string> observed;
  for (const auto& [uid, stats] : snapshot->observation.pods) observed.insert(uid);
  pods_.forget_gone(observed);
  bool new_round = false;
  {
    const std::lock_guard lock(mutex_);
    new_round = snapshot_ == nullptr || snapshot->last_round != snapshot_->last_round;
    snapshot_ = snapshot;
  }
  if (new_round) decision_.add_round(snapshot->report, system_.now());
  wake();
}

void ClusterSide::run() {
  while (wait(reporter_.due())) {
    std::unique_lock lock(mutex_);
    const auto snapshot = snapshot_;
    lock.unlock();
    reporter_.work(snapshot);
    lock.lock();
    status_ = reporter_.status();
  }
}

bool ClusterSide::wait(Clock::time_point due) {
  std::unique_lock lock(mutex_);
  const auto ready = [this] { return stopping_ || news_; };
  if (due == RequestPace::kNever)
    changed_.wait(lock, ready);
  else
    changed_.wait_until(lock, due, ready);
  news_ = false;
  return !stopping_;
}

std::vector<Finding> ClusterSide::findings() const {
  const std::lock_guard lock(mutex_);
  return status_.findings;
}

std::string ClusterSide::metrics() const {
  std::unique_lock lock(mutex_);
  const ReporterStatus status = status_;
  lock.unlock();
  return cluster_metrics_text(status, health_.states(), mesh_.state());
}

}  // namespace smc::node
