// Events about the owners of pods, sent on a thread of its own. What is added waits in a bounded
// queue in which the same event about the same owner is one entry with a count, so that a
// Deployment of a thousand pods costs the API server two requests and an API server that is slow or
// away costs an admission nothing. add() is for any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "kube/backoff.h"
#include "kube/client.h"
#include "kube/events.h"
#include "webhook/https/metrics.h"

namespace smc::webhook {

struct OwnerEvent {
  kube::ObjectReference owner;
  bool warning = false;
  std::string reason;
  std::string message;
};

struct EventRecorderOptions {
  kube::ClientOptions client;
  kube::Backoff::Limits backoff;
  kube::Random random = kube::system_random();
  // More owners than a busy cluster rolls out at the same time; an entry has at most 2 KiB.
  std::size_t max_waiting = 1'000;
  // Events that are counted up rather than made anew; etcd drops an event after an hour.
  std::size_t max_remembered = 1'000;
  // The same event about the same owner is counted up this often at most.
  std::chrono::milliseconds repeat_interval{10'000};
  // Requests: as many at once, and then one each period; five a second are a client's usual share
  // of an API server (client-go's default).
  double burst = 25;
  std::chrono::milliseconds period{200};
  // When it ends, what still waits has this long; a pod that is told to stop has no more to give.
  std::chrono::milliseconds drain_timeout{1'000};

  EventRecorderOptions();
};

class EventRecorder {
 public:
  // `metrics` must outlive it.
  EventRecorder(std::shared_ptr<const kube::Cluster> cluster, Metrics& metrics,
                EventRecorderOptions options);
  ~EventRecorder();
  EventRecorder(const EventRecorder&) = delete;
  EventRecorder& operator=(const EventRecorder&) = delete;

  // Never waits for the API server. Drops (and counts) the event when too many others wait.
  void add(OwnerEvent event);

 private:
  using Clock = std::chrono::steady_clock;
  using Key = std::string;  // what makes two events the same: owner, reason, message

  struct Waiting {
    OwnerEvent event;
    std::uint64_t count = 0;
    std::chrono::system_clock::time_point first, last;
    Clock::time_point due;
  };
  struct Remembered {
    std::string name;  // of the Event object
    std::uint64_t count = 0;
    Clock::time_point sent;
  };
  enum class Sent { kDone, kRefused, kLater };

  void run();
  std::optional<Clock::time_point> next_time();
  std::map<Key, Waiting>::iterator earliest();
  bool too_soon(const Key& key, Waiting& waiting) const;
  void put_back(const Key& key, Waiting waiting);
  Sent send(const Key& key, const Waiting& waiting);
  kube::Outcome<void> request(const Key& key, const Waiting& waiting);
  void remember(const Key& key, Remembered remembered);
  void log_failure(const kube::ApiError& error);

  const EventRecorderOptions options_;
  Metrics& metrics_;
  kube::Stop stop_;

  // of the thread
  kube::Client client_;
  kube::Backoff backoff_;
  std::map<Key, Remembered> remembered_;
  std::optional<Clock::time_point> logged_at_;
  std::string logged_hint_;  // the hint of the last one
  std::size_t unlogged_ = 0;
  Clock::time_point not_before_{};  // no request until then
  kube::EventShare share_;

  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  std::map<Key, Waiting> waiting_;
  bool ending_ = false;
  bool ended_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace smc::webhook
