#include "webhook/event_recorder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/log.h"
#include "base/version.h"

namespace smc::webhook {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::system_clock;

constexpr const char* kComponent = "smc-webhook";

// One line about events that are not taken in this time; the others are counted in the next.
constexpr std::chrono::minutes kComplaintInterval{1};

// An object's name has at most 253 characters; "." and 16 digits follow.
constexpr std::size_t kMaxNamePrefix = 253 - 17;

// "2026-01-31T12:00:00Z", as metav1.Time is written.
std::string rfc3339(system_clock::time_point when) {
  const std::time_t seconds = system_clock::to_time_t(when);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::string out(sizeof "2026-01-31T12:00:00Z", '\0');
  out.resize(std::strftime(out.data(), out.size(), "%Y-%m-%dT%H:%M:%SZ", &parts));
  return out;
}

// A new name each time, beginning with the owner's.
std::string event_name(std::string prefix, system_clock::time_point now) {
  prefix.resize(std::min(prefix.size(), kMaxNamePrefix));
  while (!prefix.empty() && (prefix.back() == '-' || prefix.back() == '.')) prefix.pop_back();
  static constexpr char kDigits[] = "0123456789abcdef";
  auto nanoseconds = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count());
  std::string digits(16, '0');
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, nanoseconds >>= 4)
    *digit = kDigits[nanoseconds & 0xF];
  return prefix + "." + digits;
}

json event_object(const std::string& name, const OwnerEvent& event, std::uint64_t count,
                  system_clock::time_point first, system_clock::time_point last) {
  return {{"apiVersion", "v1"},
          {"kind", "Event"},
          {"metadata", {{"name", name}, {"namespace", event.ns}}},
          {"involvedObject",
           {{"apiVersion", event.api_version},
            {"kind", event.kind},
            {"name", event.name},
            {"namespace", event.ns},
            {"uid", event.uid}}},
          {"type", event.warning ? "Warning" : "Normal"},
          {"reason", event.reason},
          {"message", event.message},
          {"source", {{"component", kComponent}}},
          {"firstTimestamp", rfc3339(first)},
          {"lastTimestamp", rfc3339(last)},
          {"count", count}};
}

// Whether the same request may be taken another time: the API server is away or busy, or lacks a
// right that somebody may still grant.
bool may_pass(const kube::ApiError& error) {
  if (error.failure != kube::Failure::kStatus || error.status >= 500) return true;
  constexpr std::array kPassing = {401, 403, 409, 429};
  return std::find(kPassing.begin(), kPassing.end(), error.status) != kPassing.end();
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
      tokens_(options_.burst),
      thread_([this] { run(); }) {}

EventRecorder::~EventRecorder() {
  {
    std::unique_lock lock(mutex_);
    ending_ = true;
    changed_.notify_all();
    changed_.wait_for(lock, options_.farewell, [this] { return ended_; });
  }
  stop_.request();
  thread_.join();
}

void EventRecorder::add(OwnerEvent event) {
  Key key = event.uid + '\n' + event.reason + '\n' + event.message;
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
  refill();
  Clock::time_point next = std::max(earliest()->second.due, not_before_);
  if (tokens_ < 1)
    next = std::max(next, refilled_ + milliseconds(static_cast<milliseconds::rep>(
                                          std::ceil((1 - tokens_) / options_.per_second * 1000))));
  return next;
}

std::map<EventRecorder::Key, EventRecorder::Waiting>::iterator EventRecorder::earliest() {
  return std::min_element(waiting_.begin(), waiting_.end(), [](const auto& one, const auto& other) {
    return one.second.due < other.second.due;
  });
}

void EventRecorder::refill() {
  const auto now = Clock::now();
  const double seconds = std::chrono::duration<double>(now - refilled_).count();
  tokens_ = std::min(options_.burst, tokens_ + seconds * options_.per_second);
  refilled_ = now;
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
  tokens_ -= 1;
  const auto sent = request(key, waiting);
  if (sent) {
    backoff_.reset();
    metrics_.events(EventResult::kSent, waiting.count);
    return Sent::kDone;
  }
  if (sent.error().stopped()) return Sent::kLater;
  complain(sent.error());
  if (may_pass(sent.error())) {
    not_before_ = Clock::now() + std::max(backoff_.next(), sent.error().retry_after);
    return Sent::kLater;
  }
  metrics_.events(EventResult::kRefused, waiting.count);
  return Sent::kRefused;
}

kube::Outcome<json> EventRecorder::request(const Key& key, const Waiting& waiting) {
  const OwnerEvent& event = waiting.event;
  const auto known = remembered_.find(key);
  if (known != remembered_.end()) {
    const std::uint64_t count = known->second.count + waiting.count;
    auto patched =
        client_.patch({kube::kEvents, event.ns, known->second.name, ""}, kube::PatchType::kMerge,
                      {{"count", count}, {"lastTimestamp", rfc3339(waiting.last)}});
    if (patched) known->second = {known->second.name, count, Clock::now()};
    if (patched || !patched.error().not_found()) return patched;
  }
  const std::string name = event_name(event.name, system_clock::now());
  auto created =
      client_.create({kube::kEvents, event.ns, "", ""},
                     event_object(name, event, waiting.count, waiting.first, waiting.last));
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

void EventRecorder::complain(const kube::ApiError& error) {
  const auto now = Clock::now();
  if (complained_ && now - *complained_ < kComplaintInterval) {
    ++unsaid_;
    return;
  }
  log::warn("event not taken", {{"error", error.what}, {"hint", error.hint}, {"more", unsaid_}});
  complained_ = now;
  unsaid_ = 0;
}

}  // namespace smc::webhook
