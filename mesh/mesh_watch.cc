#include "mesh/mesh_watch.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include <nlohmann/json.hpp>
#include <poll.h>

#include "base/json_value.h"
#include "base/log.h"
#include "base/version.h"

namespace smc {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr const char* kGroup = "istio.alibabacloud.com";
constexpr const char* kVersionServed = "v1beta1";
constexpr const char* kKind = "ASMMeshConfig";
constexpr const char* kSelector = "metadata.name=default";

// An editor that writes a file in pieces is done by then.
constexpr milliseconds kSettle{100};

// How the API server serves the kind; nothing: not at all.
std::optional<kube::Resource> find_kind(const json& resources) {
  const auto list = resources.find("resources");
  if (list == resources.end() || !list->is_array()) return std::nullopt;
  for (const json& each : *list) {
    if (!each.is_object() || text_at(each, "/kind") != kKind) continue;
    const std::string plural = text_at(each, "/name");
    if (plural.empty() || plural.find('/') != std::string::npos) continue;  // a subresource
    const auto namespaced = each.find("namespaced");
    return kube::Resource{kGroup, kVersionServed, plural,
                          namespaced != each.end() && *namespaced == true};
  }
  return std::nullopt;
}

std::vector<std::string> file_of(const MeshWatchOptions& options) {
  if (options.kubeconfig.empty()) return {};
  return {options.kubeconfig};
}

}  // namespace

MeshWatchOptions::MeshWatchOptions(const std::string& program) {
  watcher.client.user_agent = program + "/" + kVersion;
  // The process is not ready before the first attempt has ended.
  watcher.client.connect_timeout = std::chrono::seconds(5);
  watcher.client.request_timeout = std::chrono::seconds(10);
  // A replica or two with a request of some hundred bytes: a switch that is thrown while the API
  // server is away takes effect within as many seconds of its return.
  watcher.backoff = {milliseconds(200), milliseconds(2'000)};
}

MeshWatch::MeshWatch(MeshWatchOptions options, OnChange on_change)
    : options_(std::move(options)),
      on_change_(std::move(on_change)),
      cluster_(options_.cluster),
      file_(file_of(options_), kube::kMaxKubeconfigBytes),
      directory_(file_of(options_)),
      thread_([this] { run(); }) {}

MeshWatch::~MeshWatch() {
  stop_.request();
  thread_.join();
}

MeshStatus MeshWatch::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void MeshWatch::run() {
  take_file();
  while (!stop_.requested()) {
    if (next_cluster_) cluster_ = std::exchange(next_cluster_, nullptr);
    if (cluster_)
      follow();
    else
      wait(options_.file_interval);
  }
}

// Whether another API server or another user is to be asked from now on. A bad file changes
// nothing, so that what worked goes on for as long as it does.
bool MeshWatch::take_file() {
  if (options_.kubeconfig.empty()) return false;
  next_look_ = steady_clock::now() + options_.file_interval;
  const auto contents = file_.changed();
  if (!contents) return false;
  auto read = [&]() -> Result<kube::Cluster> {
    if (*contents) return kube::cluster_from_bytes((**contents)[0], options_.kubeconfig);
    Error failed = contents->error();
    failed.hint = "--mesh-kubeconfig names this file";
    return failed;
  }();
  if (read) {
    next_cluster_ = std::make_shared<const kube::Cluster>(std::move(*read));
    log::info("mesh kubeconfig read",
              {{"file", options_.kubeconfig}, {"server", next_cluster_->address()}});
    change([](MeshStatus& status) { status.kubeconfig_problem.clear(); });
    return true;
  }
  log::error("mesh kubeconfig cannot be used", read.error());
  const bool working = cluster_ != nullptr;
  change([&](MeshStatus& status) {
    status.kubeconfig_problem = read.error().text();
    if (!working) status.lost = read.error().text();
    status.tried = true;
  });
  return false;
}

// Until stop, or until the file has changed.
void MeshWatch::follow() {
  kube::Client client(cluster_, stop_, options_.watcher.client);
  kube::Backoff backoff(options_.watcher.backoff, options_.watcher.random);
  kube::Backoff discovery(options_.discovery, options_.watcher.random);
  for (Woken woken = Woken::kTime; woken != Woken::kStop && woken != Woken::kFile;) {
    const auto resource = discover(client);
    if (!resource && resource.error().stopped()) return;
    if (!resource) {
      not_served_since_.reset();
      report_lost(resource.error());
      woken = wait(std::max(backoff.next(), resource.error().retry_after));
      continue;
    }
    backoff.reset();
    if (*resource) {
      not_served_since_.reset();
      discovery.reset();
      woken = watch(**resource);
      if (woken == Woken::kGone) woken = wait(discovery.next());
    } else {
      not_served();
      woken = wait(discovery.next());
    }
  }
}

kube::Outcome<std::optional<kube::Resource>> MeshWatch::discover(kube::Client& client) const {
  const auto resources = client.get_path(std::string("/apis/") + kGroup + "/" + kVersionServed);
  if (resources) return find_kind(*resources);
  if (resources.error().not_found()) return std::optional<kube::Resource>();
  return resources.error();
}

void MeshWatch::not_served() {
  const MeshConfigState before = status().seen;
  const auto now = steady_clock::now();
  if (!not_served_since_) not_served_since_ = now;
  const bool known = before != MeshConfigState::kNothing && before != MeshConfigState::kNoResource;
  if (!known || now - *not_served_since_ >= options_.gone_after)
    return update(MeshConfigState::kNoResource);
  report_lost(kube::make_error(kube::Failure::kStatus,
                               std::string("the API server does not serve ") + kKind + " any more",
                               "is it starting, or was the CustomResourceDefinition removed?"));
}

// Until stop, until the file has changed, or until the kind is not served any more.
MeshWatch::Woken MeshWatch::watch(const kube::Resource& resource) {
  take_gone();
  const kube::Watcher watcher(cluster_, {resource, "", "", ""}, {"", kSelector}, handlers(),
                              options_.watcher);
  Woken woken = Woken::kTime;
  while (woken == Woken::kTime) woken = wait(options_.file_interval);
  return woken;
}

bool MeshWatch::take_gone() {
  return gone_.take();
}

// A change of the file is taken here; the caller has to start again with it.
MeshWatch::Woken MeshWatch::wait(milliseconds duration) {
  const auto end = steady_clock::now() + duration;
  for (;;) {
    const auto left =
        std::chrono::ceil<milliseconds>(std::min(end, next_look_) - steady_clock::now());
    std::array<pollfd, 3> waited{
        pollfd{stop_.fd(), POLLIN, 0}, {gone_.fd(), POLLIN, 0}, {directory_.fd(), POLLIN, 0}};
    ::poll(waited.data(), waited.size(), static_cast<int>(std::max(left, milliseconds(0)).count()));
    if (waited[0].revents != 0) return Woken::kStop;
    if (waited[2].revents != 0 && !stop_.sleep(kSettle)) return Woken::kStop;
    if (waited[2].revents != 0 || steady_clock::now() >= next_look_) {
      directory_.renew();
      if (take_file()) return Woken::kFile;
    }
    if (take_gone()) return Woken::kGone;
    if (steady_clock::now() >= end) return Woken::kTime;
  }
}

kube::WatchHandlers MeshWatch::handlers() {
  kube::WatchHandlers out;
  out.on_list = [this](const std::vector<json>& all) {
    objects_.clear();
    for (const json& object : all)
      objects_[text_at(object, "/metadata/namespace")] = read_mesh_config(object);
    update(combined(objects_));
  };
  out.on_change = [this](const kube::WatchEvent& event) {
    if (event.type == kube::WatchEvent::Type::kDeleted)
      objects_.erase(text_at(event.object, "/metadata/namespace"));
    else
      objects_[text_at(event.object, "/metadata/namespace")] = read_mesh_config(event.object);
    update(combined(objects_));
  };
  out.on_lost = [this](const kube::ApiError& error) {
    if (error.not_found()) gone_.raise();
    report_lost(error);
  };
  out.on_recovered = [this] { update(combined(objects_)); };
  return out;
}

void MeshWatch::update(MeshConfigState seen) {
  const MeshStatus before = status();
  if (!before.lost.empty()) log::info("mesh switch: watch is back", {{"seen", to_text(seen)}});
  if (seen != before.seen &&
      (seen == MeshConfigState::kNoBoolean || seen == MeshConfigState::kContradictory))
    log::warn("mesh switch: spec.smcEnabled cannot be used, the configuration decides",
              {{"seen", to_text(seen)},
               {"hint", seen == MeshConfigState::kNoBoolean
                            ? "it must be true or false, without quotes"
                            : "the ASMMeshConfigs of several namespaces say different things"}});
  change([&](MeshStatus& status) {
    status.seen = seen;
    status.lost.clear();
    status.tried = true;
  });
}

void MeshWatch::report_lost(const kube::ApiError& error) {
  const MeshStatus before = status();
  if (before.lost != error.what)
    log::warn("mesh switch: watch lost, what was seen last stays", {{"seen", to_text(before.seen)},
                                                                    {"server", cluster_->address()},
                                                                    {"error", error.what},
                                                                    {"hint", error.hint}});
  change([&](MeshStatus& status) {
    status.lost = error.what;
    status.tried = true;
  });
}

void MeshWatch::change(const std::function<void(MeshStatus&)>& edit) {
  const std::lock_guard telling(telling_);
  MeshStatus after = status();
  edit(after);
  {
    const std::lock_guard lock(mutex_);
    if (after == status_) return;
    status_ = after;
  }
  on_change_(after);
}

}  // namespace smc
