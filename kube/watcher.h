// Keeps a view of some objects of an API server up to date, on a thread of its own: lists, watches,
// and recovers from whatever ends a watch. The handlers are called on that thread, one at a time.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "kube/backoff.h"
#include "kube/client.h"

namespace smc::kube {

struct WatchHandlers {
  // Everything there is; replaces all that was known. Called first, and again when the server no
  // longer keeps the changes since.
  std::function<void(const std::vector<nlohmann::json>& all)> on_list;
  // One change after the list. Never a bookmark.
  std::function<void(const WatchEvent&)> on_change;
  // The view may be out of date from now on, and why. Called once until on_recovered, and again
  // when the reason becomes another one. A watch that ends and is taken up at once is not lost.
  std::function<void(const ApiError&)> on_lost;
  std::function<void()> on_recovered;
};

struct WatcherOptions {
  ClientOptions client;
  Backoff::Limits backoff;
  Random random = system_random();
  std::chrono::seconds watch_timeout{300};  // each watch lasts this long to a fifth more
  // kCache: but not where no watch could begin there, or where the answer is too large.
  ListSource list_source = ListSource::kStorage;
};

class Watcher {
 public:
  // Starts at once. `collection` names a namespace or none; the handlers must outlive it.
  Watcher(std::shared_ptr<const Cluster> cluster, Target collection, Selector selector,
          WatchHandlers handlers, WatcherOptions options);
  // Stops and waits for the handler that may be running; milliseconds besides that.
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

 private:
  void run();
  Outcome<void> round();
  SteadyTime::duration watch_age() const;
  std::chrono::milliseconds after_end();
  std::chrono::milliseconds after_failure(const ApiError& error);
  void report_recovered();
  void report_lost(const ApiError& error);

  Target collection_;
  Selector selector_;
  WatchHandlers handlers_;
  WatcherOptions options_;
  Backoff backoff_;
  Stop stop_;
  Client client_;

  std::string version_;     // of the last thing seen; empty: list first
  ListSource source_;       // of the next list
  bool listed_ = false;     // this round
  SteadyTime established_;  // when this round's watch began; zero: it has not
  unsigned failures_ = 0;   // since the last thing that worked
  bool lost_ = false;
  std::string lost_reason_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace smc::kube
