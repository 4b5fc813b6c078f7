// The namespaces as the daemon has them: follows their metadata on the API server, and tells
// /readyz, the metrics and the log. For the daemon's main thread.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "base/event_fd.h"
#include "base/result.h"
#include "kube/watcher.h"
#include "webhook/cluster/namespace_modes.h"
#include "webhook/cluster/readiness.h"
#include "webhook/https/metrics.h"
#include "webhook/review/answer.h"

namespace smc::webhook {

class NamespaceControl {
 public:
  // Both must outlive it.
  NamespaceControl(Readiness& readiness, Metrics& metrics);

  // Follows them from now on, unless it does so already; without a cluster it says so, once. A
  // replica is ready meanwhile: of a namespace that is not known the mode is "agent".
  void follow(const Result<std::shared_ptr<const kube::Cluster>>& cluster);
  // How a Watcher is set up, for tests that cannot wait as long.
  void follow(const Result<std::shared_ptr<const kube::Cluster>>& cluster,
              kube::WatcherOptions options);
  // Not any more: nothing is known, and nothing told.
  void stop();

  // Readable when take() has something to tell.
  int fd() const { return changed_.fd(); }
  void take();

  // For any thread, and as long as the caller likes.
  ModeOfNamespace modes() const;

 private:
  struct Status {
    bool listed = false;
    std::string lost;  // why it may be out of date; empty: it is what the API server says

    bool operator==(const Status&) const = default;
  };

  kube::WatchHandlers handlers();
  void lost(const Error& error);
  void change(const Status& status);
  Status status() const;
  void report();

  Readiness& readiness_;
  Metrics& metrics_;
  EventFd changed_;
  bool follows_ = false;
  const std::shared_ptr<NamespaceModes> modes_;
  mutable std::mutex mutex_;
  Status status_;
  std::unique_ptr<kube::Watcher> watcher_;  // null: no cluster, or not asked to; last: it uses all
                                            // of the above
};

}  // namespace smc::webhook
