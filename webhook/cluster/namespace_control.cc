#include "webhook/cluster/namespace_control.h"

#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/json_value.h"
#include "base/log.h"
#include "base/version.h"

namespace smc::webhook {
namespace {

using nlohmann::json;

constexpr const char* kNamespaces = "namespaces";  // in /readyz and the metrics

// Each is a name or nothing by then (some 100 bytes): this many are a mistake or an attack.
constexpr std::size_t kMaxListed = 100'000;

kube::WatcherOptions usual() {
  kube::WatcherOptions options;
  options.client.user_agent = std::string("smc-webhook/") + kVersion;
  return options;
}

}  // namespace

NamespaceControl::NamespaceControl(Readiness& readiness, Metrics& metrics)
    : readiness_(readiness), metrics_(metrics), modes_(std::make_shared<NamespaceModes>()) {}

void NamespaceControl::follow(const Result<std::shared_ptr<const kube::Cluster>>& cluster) {
  follow(cluster, usual());
}

void NamespaceControl::follow(const Result<std::shared_ptr<const kube::Cluster>>& cluster,
                              kube::WatcherOptions options) {
  if (std::exchange(follows_, true)) return;
  if (cluster) {
    options.client.metadata_only = true;
    options.client.max_objects = kMaxListed;
    options.client.reduce = [](json& object) {
      object = admits_privileged(object) ? json(text_at(object, "/metadata/name")) : json();
    };
    watcher_ =
        std::make_unique<kube::Watcher>(*cluster, kube::Target{kube::kNamespaces, "", "", ""},
                                        kube::Selector{}, handlers(), std::move(options));
  } else {
    lost(cluster.error());
  }
  report();
}

void NamespaceControl::stop() {
  if (!std::exchange(follows_, false)) return;
  watcher_.reset();
  modes_->replace({});
  change({});
  readiness_.clear_notice(kNamespaces);
  metrics_.api_unused(kNamespaces);
}

void NamespaceControl::take() {
  changed_.take();
  if (follows_) report();
}

ModeOfNamespace NamespaceControl::modes() const {
  return [modes = modes_](std::string_view name) { return modes->mode_of(name); };
}

// On the watcher's thread.
kube::WatchHandlers NamespaceControl::handlers() {
  kube::WatchHandlers out;
  out.on_list = [this](const std::vector<json>& all) {
    std::vector<std::string> admitting;
    for (const json& name : all)
      if (name.is_string()) admitting.push_back(name);
    modes_->replace(admitting);
    log::info("namespaces read", {{"all", all.size()}, {"admit_privileged", admitting.size()}});
    change({true, {}});
  };
  out.on_change = [this](const kube::WatchEvent& event) {
    const bool there = event.type != kube::WatchEvent::Type::kDeleted;
    modes_->set(text_at(event.object, "/metadata/name"), there && admits_privileged(event.object));
    if (modes_->full()) changed_.raise();
  };
  out.on_lost = [this](const kube::ApiError& error) { lost(error.plain()); };
  out.on_recovered = [this] {
    log::info("namespaces: watch is back");
    change({true, {}});
  };
  return out;
}

void NamespaceControl::lost(const Error& error) {
  Status now = status();
  log::warn(now.listed ? "namespaces: watch lost, what was seen last stays"
                       : "namespaces cannot be read, pods are left to the node's agent",
            {{"error", error.what}, {"hint", error.hint}});
  now.lost = error.what;
  change(now);
}

void NamespaceControl::change(const Status& status) {
  {
    const std::lock_guard lock(mutex_);
    if (status_ == status) return;
    status_ = status;
  }
  changed_.raise();
}

NamespaceControl::Status NamespaceControl::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void NamespaceControl::report() {
  const Status now = status();
  metrics_.api_up(kNamespaces, now.listed && now.lost.empty());
  if (!now.lost.empty())
    readiness_.notice(kNamespaces,
                      (now.listed ? "the watch is lost, what was seen last stays: "
                                  : "not known, and mode auto is agent for all pods: ") +
                          now.lost);
  else if (modes_->full())
    readiness_.notice(kNamespaces, "more than " + std::to_string(NamespaceModes::kMaxNames) +
                                       " admit privileged containers: mode auto is agent in "
                                       "those beyond");
  else
    readiness_.clear_notice(kNamespaces);
}

}  // namespace smc::webhook
