#include "webhook/cluster/runtime_classes.h"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/json_value.h"
#include "base/log.h"
#include "base/version.h"
#include "webhook/config/kubernetes_values.h"

namespace smc::webhook {
namespace {

using nlohmann::json;

constexpr const char* kKey = "runtime-classes";                // in /readyz
constexpr const char* kRuntimeClassesUse = "runtime_classes";  // of the metrics

}  // namespace

RuntimeClasses::RuntimeClasses(Readiness& readiness, Metrics& metrics)
    : readiness_(readiness), metrics_(metrics) {}

kube::WatcherOptions RuntimeClasses::watcher_options() {
  kube::WatcherOptions options;
  options.client.user_agent = std::string("smc-webhook/") + kVersion;
  // The process is not ready before the first attempt has ended.
  options.client.connect_timeout = std::chrono::seconds(5);
  options.client.request_timeout = std::chrono::seconds(10);
  return options;
}

void RuntimeClasses::follow(std::shared_ptr<const kube::Cluster> cluster,
                            kube::WatcherOptions options) {
  readiness_.block(kKey, "they have not been read yet");
  watcher_ = std::make_unique<kube::Watcher>(
      std::move(cluster), kube::Target{kube::kRuntimeClasses, "", "", ""}, kube::Selector{},
      watch_handlers(), std::move(options));
}

bool RuntimeClasses::take() {
  changed_.take();
  Status now;
  {
    const std::lock_guard lock(mutex_);
    now = status_;
  }
  const Status before = std::exchange(taken_, std::move(now));
  report();
  return taken_.handlers != before.handlers;
}

std::shared_ptr<const Config> RuntimeClasses::effective(
    std::shared_ptr<const Config> configured) const {
  const auto& patterns = configured->injection.excluded_runtime_classes;
  const auto is_excluded = [&](const std::string& text) {
    return std::ranges::any_of(patterns,
                               [&](const std::string& pattern) { return matches(pattern, text); });
  };
  std::vector<std::string> names;
  for (const auto& [name, handler] : taken_.handlers)
    if (is_excluded(handler) && !is_excluded(name)) names.push_back(name);
  if (names.empty()) return configured;
  auto out = std::make_shared<Config>(*configured);
  std::ranges::move(names, std::back_inserter(out->injection.excluded_runtime_classes));
  return out;
}

// On the watcher's thread.
kube::WatchHandlers RuntimeClasses::watch_handlers() {
  kube::WatchHandlers out;
  out.on_list = [this](const std::vector<json>& all) {
    std::map<std::string, std::string> handlers;
    for (const json& each : all)
      handlers[text_at(each, "/metadata/name")] = text_at(each, "/handler");
    log::info("RuntimeClasses read", {{"all", handlers.size()}});
    change([&](Status& status) { status = {std::move(handlers), "", true}; });
  };
  out.on_change = [this](const kube::WatchEvent& event) {
    change([&](Status& status) {
      if (event.type == kube::WatchEvent::Type::kDeleted)
        status.handlers.erase(text_at(event.object, "/metadata/name"));
      else
        status.handlers[text_at(event.object, "/metadata/name")] =
            text_at(event.object, "/handler");
    });
  };
  out.on_lost = [this](const kube::ApiError& error) {
    log::warn("RuntimeClasses: watch lost, what was seen last stays",
              {{"error", error.what}, {"hint", error.hint}});
    change([&](Status& status) {
      status.lost = error.what;
      status.tried = true;
    });
  };
  out.on_recovered = [this] {
    log::info("RuntimeClasses: watch is back");
    change([](Status& status) { status.lost.clear(); });
  };
  return out;
}

void RuntimeClasses::change(const std::function<void(Status&)>& edit) {
  {
    const std::lock_guard lock(mutex_);
    const Status before = status_;
    edit(status_);
    if (status_ == before) return;
  }
  changed_.raise();
}

void RuntimeClasses::report() const {
  metrics_.api_up(kRuntimeClassesUse, taken_.tried && taken_.lost.empty());
  if (taken_.tried) readiness_.clear(kKey);
  if (taken_.lost.empty())
    readiness_.clear_notice(kKey);
  else
    readiness_.notice(kKey, "the watch is lost, what was seen last stays: " + taken_.lost);
}

}  // namespace smc::webhook
