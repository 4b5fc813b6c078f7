#include "webhook/cluster/event_recorder.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/version.h"

namespace smc::webhook {
namespace {

using std::chrono::system_clock;

constexpr const char* kComponent = "smc-webhook";

// One line about events that are not taken in this time, unless what is to be done about it is
// something else; the others are counted in the next.
constexpr std::chrono::minutes kLogInterval{1};

// Whether the same request may be taken another time. A right that is missing may still be granted;
// an Event that somebody changed meanwhile is changed anew.
bool may_pass(const kube::ApiError& error) {
  return error.passing() || error.lacks_right() || error.conflict();
}

}  // namespace

EventRecorderOptions::EventRecorderOptions() {
  client.user_agent = std::string(kComponent) + "/" + kVersion;
}

EventRecorder::EventRecorder(std::shared_ptr<const kube::Cluster> cluster, Metrics& metrics,
                             EventRecorderOptions options)
    : options_(std::move(options)),
      metrics_(metrics),
      client_(std::move(cluster), stop_, options_.client),
      backoff_(options_.backoff, options_.random),
      share_(options_.burst, options_.period),
      thread_([this] { run(); }) {}

EventRecorder::~EventRecorder() {
  {
    std::unique_lock lock(mutex_);
    ending_ = true;
    changed_.notify_all();
    changed_.wait_for(lock, options_.drain_timeout, [this] { return ended_; });
  }
  stop_.request();
  thread_.join();
}

void EventRecorder::add(OwnerEvent event) {
  Key key = event.owner.uid + '\n' + event.reason + '\n' + event.message;
  const auto now = system_clock::now();
  const std::lock_guard lock(mutex_);
  const auto found = waiting_.find(key);
  if (found != waiting_.end()) {
    ++found->second.count;
    found->second.last = now;
    return;
  }
  if (waiting_.size() >= options_.max_waiting) return metrics_.events(EventResult::kDropped, 1);
  waiting_.emplace(std::move(key), Waiting{std::move(event), 1, now, now, Clock::now()});
  changed_.notify_all();
}

void EventRecorder::run() {
  std::unique_lock lock(mutex_);
  while (!stop_.requested()) {
    const auto next = next_time();
    if (!next && ending_) break;
    if (!next) {
      changed_.wait(lock);
      continue;
    }
    if (!ending_ && *next > Clock::now()) {
      changed_.wait_until(lock, *next);
      continue;
    }
    auto taken = waiting_.extract(earliest());
    if (!ending_ && too_soon(taken.key(), taken.mapped())) {
      put_back(taken.key(), std::move(taken.mapped()));
      continue;
    }
    lock.unlock();
    const Sent sent = send(taken.key(), taken.mapped());
    lock.lock();
    if (sent == Sent::kLater) put_back(taken.key(), std::move(taken.mapped()));
    if (sent == Sent::kLater && ending_) break;
  }
  for (const auto& [key, waiting] : waiting_) metrics_.events(EventResult::kDropped, waiting.count);
  ended_ = true;
  changed_.notify_all();
}

// When the next request may be made; nothing where none is wanted.
std::optional<EventRecorder::Clock::time_point> EventRecorder::next_time() {
  if (waiting_.empty()) return std::nullopt;
  return std::max({earliest()->second.due, not_before_, share_.due(Clock::now())});
}

std::map<EventRecorder::Key, EventRecorder::Waiting>::iterator EventRecorder::earliest() {
  return std::min_element(waiting_.begin(), waiting_.end(), [](const auto& one, const auto& other) {
    return one.second.due < other.second.due;
  });
}

// The same event was sent a moment ago: it waits, and is counted meanwhile.
bool EventRecorder::too_soon(const Key& key, Waiting& waiting) const {
  const auto found = remembered_.find(key);
  if (found == remembered_.end()) return false;
  waiting.due = found->second.sent + options_.repeat_interval;
  return waiting.due > Clock::now();
}

// Meets what was added meanwhile.
void EventRecorder::put_back(const Key& key, Waiting waiting) {
  const auto found = waiting_.find(key);
  if (found != waiting_.end()) {
    waiting.count += found->second.count;
    waiting.last = found->second.last;
  }
  waiting_.insert_or_assign(key, std::move(waiting));
}

EventRecorder::Sent EventRecorder::send(const Key& key, const Waiting& waiting) {
  share_.spend(Clock::now());
  const auto sent = request(key, waiting);
  if (sent) {
    backoff_.reset();
    metrics_.events(EventResult::kSent, waiting.count);
    return Sent::kDone;
  }
  if (sent.error().stopped()) return Sent::kLater;
  log_failure(sent.error());
  if (may_pass(sent.error())) {
    not_before_ = Clock::now() + std::max(backoff_.next(), sent.error().retry_after);
    return Sent::kLater;
  }
  metrics_.events(EventResult::kRefused, waiting.count);
  return Sent::kRefused;
}

kube::Outcome<void> EventRecorder::request(const Key& key, const Waiting& waiting) {
  const OwnerEvent& event = waiting.event;
  const auto known = remembered_.find(key);
  if (known != remembered_.end()) {
    const std::uint64_t count = known->second.count + waiting.count;
    auto counted =
        kube::count_event(client_, event.owner.ns, known->second.name, count, waiting.last);
    if (counted) known->second = {known->second.name, count, Clock::now()};
    if (counted || !counted.error().not_found()) return counted;
  }
  const std::string name = kube::new_event_name(event.owner.name, system_clock::now());
  auto created = kube::create_event(client_, {.name = name,
                                              .about = event.owner,
                                              .warning = event.warning,
                                              .reason = event.reason,
                                              .message = event.message,
                                              .component = kComponent,
                                              .first = waiting.first,
                                              .last = waiting.last,
                                              .count = waiting.count});
  if (created) remember(key, {name, waiting.count, Clock::now()});
  return created;
}

void EventRecorder::remember(const Key& key, Remembered remembered) {
  if (remembered_.size() >= options_.max_remembered && remembered_.count(key) == 0)
    remembered_.erase(std::min_element(
        remembered_.begin(), remembered_.end(),
        [](const auto& one, const auto& other) { return one.second.sent < other.second.sent; }));
  remembered_.insert_or_assign(key, std::move(remembered));
}

void EventRecorder::log_failure(const kube::ApiError& error) {
  const auto now = Clock::now();
  const bool same = logged_at_ && error.hint == logged_hint_;
  if (same && now - *logged_at_ < kLogInterval) {
    ++unlogged_;
    return;
  }
  log::warn("event not taken", {{"error", error.what}, {"hint", error.hint}, {"more", unlogged_}});
  logged_at_ = now;
  logged_hint_ = error.hint;
  unlogged_ = 0;
}

}  // namespace smc::webhook
