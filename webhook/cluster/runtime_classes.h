// The cluster's RuntimeClasses: their handlers say which of them run pods on a kernel of their own,
// whatever the class is called. Follows them and tells /readyz, the metrics and the log. For the
// daemon's main thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/event_fd.h"
#include "kube/watcher.h"
#include "webhook/cluster/readiness.h"
#include "webhook/config/config.h"
#include "webhook/https/metrics.h"

namespace smc::webhook {

class RuntimeClasses {
 public:
  // Both must outlive it.
  RuntimeClasses(Readiness& readiness, Metrics& metrics);

  // How a Watcher is set up.
  static kube::WatcherOptions watcher_options();

  // Follows them from now on. Not ready until the first attempt to read them has ended; from then
  // on it is, whatever becomes of the watch, and what was seen last stays.
  void follow(std::shared_ptr<const kube::Cluster> cluster,
              kube::WatcherOptions options = watcher_options());

  // Readable when take() has something to take.
  int fd() const { return changed_.fd(); }
  // Whether effective() may be another one from now on.
  bool take();

  // `configured`, where the classes whose handler it excludes are excluded by their names too.
  std::shared_ptr<const Config> effective(std::shared_ptr<const Config> configured) const;

 private:
  struct Status {
    std::map<std::string, std::string> handlers;  // by the class's name
    std::string lost;    // why `handlers` may be out of date; empty: it is what the API server says
    bool tried = false;  // the first attempt has ended, one way or the other

    bool operator==(const Status&) const = default;
  };

  kube::WatchHandlers watch_handlers();
  void change(const std::function<void(Status&)>& edit);
  void report() const;

  Readiness& readiness_;
  Metrics& metrics_;
  EventFd changed_;
  Status taken_;  // of the main thread
  std::mutex mutex_;
  Status status_;                           // of the watcher's thread
  std::unique_ptr<kube::Watcher> watcher_;  // null: the names alone decide; last: it uses the above
};

}  // namespace smc::webhook
