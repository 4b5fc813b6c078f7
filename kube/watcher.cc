#include "kube/watcher.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

namespace smc::kube {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

Watcher::Watcher(std::shared_ptr<const Cluster> cluster, Target collection, Selector selector,
                 WatchHandlers handlers, WatcherOptions options)
    : collection_(std::move(collection)),
      selector_(std::move(selector)),
      handlers_(std::move(handlers)),
      options_(std::move(options)),
      backoff_(options_.backoff, options_.random),
      client_(std::move(cluster), stop_, options_.client),
      source_(options_.list_source),
      thread_([this] { run(); }) {}

Watcher::~Watcher() {
  stop_.request();
  thread_.join();
}

void Watcher::run() {
  while (!stop_.requested()) {
    established_ = {};
    const Outcome<void> ended = round();
    if (!ended && ended.error().stopped()) return;
    const milliseconds pause = ended ? after_end() : after_failure(ended.error());
    if (pause.count() > 0 && !stop_.sleep(pause)) return;
  }
}

// How long this round's watch was up.
SteadyTime::duration Watcher::watch_age() const {
  return established_ == SteadyTime() ? SteadyTime::duration{0}
                                      : steady_clock::now() - established_;
}

// The server ended the watch as asked. One that does so at once gets no busy client.
milliseconds Watcher::after_end() {
  if (watch_age() < options_.backoff.first) return backoff_.next();
  backoff_.reset();
  return milliseconds{0};
}

milliseconds Watcher::after_failure(const ApiError& error) {
  if (watch_age() >= options_.backoff.longest) {  // it worked: what comes now is a new failure
    failures_ = 0;
    backoff_.reset();
  }
  ++failures_;
  const bool was_up = established_ != SteadyTime();
  const bool must_list = (error.gone() && !version_.empty()) || error.not_found();
  if (must_list) {
    version_.clear();  // a resource that comes back is another one
    // Of several API servers the one that is asked next may be ahead of the other's cache.
    source_ = listed_ ? ListSource::kStorage : options_.list_source;
  }
  const bool first = failures_ == 1;
  if (error.gone() && must_list) return first ? milliseconds{0} : backoff_.next();
  // An established stream that broke is taken up again before anybody is told.
  if (!first || !was_up || error.failure != Failure::kStream) report_lost(error);
  return std::max(backoff_.next(), error.retry_after);
}

// One list where one is needed, and one watch to its end.
Outcome<void> Watcher::round() {
  listed_ = version_.empty();
  if (listed_) {
    Outcome<List> all = client_.list(collection_, selector_, source_);
    if (!all && all.error().failure == Failure::kAnswer) source_ = ListSource::kStorage;
    if (!all) return all.error();
    version_ = all->resource_version;
    handlers_.on_list(all->items);
    report_recovered();
  }
  WatchRequest request;
  request.selector = selector_;
  request.resource_version = version_;
  const double extra = 1.0 + options_.random() / 5;
  request.timeout = std::chrono::seconds(static_cast<std::chrono::seconds::rep>(
      static_cast<double>(options_.watch_timeout.count()) * extra));
  request.on_established = [this] {
    established_ = steady_clock::now();
    report_recovered();
  };
  request.on_event = [this](const WatchEvent& event) {
    failures_ = 0;
    backoff_.reset();
    if (!event.resource_version.empty()) version_ = event.resource_version;
    if (event.type != WatchEvent::Type::kBookmark) handlers_.on_change(event);
  };
  return client_.watch(collection_, request);
}

void Watcher::report_recovered() {
  if (std::exchange(lost_, false)) handlers_.on_recovered();
  lost_reason_.clear();
}

void Watcher::report_lost(const ApiError& error) {
  if (lost_ && lost_reason_ == error.what) return;
  lost_ = true;
  lost_reason_ = error.what;
  handlers_.on_lost(error);
}

}  // namespace smc::kube
