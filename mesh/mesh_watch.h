// Follows the ASMMeshConfig "default" on one API server, on threads of its own: finds out how the
// kind is served, watches the object, and does both again for as long as they fail. The kubeconfig
// file, where there is one, is read anew when it changes. status() is for any thread; construction
// and destruction belong to one.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/event_fd.h"
#include "base/file_watch.h"
#include "kube/watcher.h"
#include "mesh/mesh_switch.h"

namespace smc {

struct MeshStatus {
  MeshConfigState seen = MeshConfigState::kNothing;
  std::string lost;  // why `seen` may be out of date; empty: it is what the API server says
  std::string kubeconfig_problem;  // the file as it is now cannot be used; empty: it can, or none
  bool tried = false;              // the first attempt has ended, one way or the other

  bool operator==(const MeshStatus&) const = default;
};

struct MeshWatchOptions {
  std::shared_ptr<const kube::Cluster> cluster;  // null: what the kubeconfig file says
  std::string kubeconfig;  // a file that holds its credentials itself; empty: `cluster`

  kube::WatcherOptions watcher;
  // A cluster without the kind is asked again so: soon at first, because a server that starts or an
  // upgrade of the kind lacks it for seconds, and then every one to two minutes, which is what a
  // mesh that is installed later waits for its switch.
  kube::Backoff::Limits discovery{std::chrono::milliseconds(1'000),
                                  std::chrono::milliseconds(120'000)};
  // A kind that was there and is answered 404 is believed to be gone after this: an API server that
  // starts does so for its custom resources at first. A kind that is removed takes its objects
  // along, which the watch reports at once.
  std::chrono::milliseconds gone_after{10'000};
  // The file is looked at this often whatever inotify says.
  std::chrono::milliseconds file_interval{10'000};

  // `program` is told to the API server ("smc-webhook"). The limits are those of a few replicas.
  explicit MeshWatchOptions(const std::string& program);
};

class MeshWatch {
 public:
  using OnChange = std::function<void(const MeshStatus&)>;

  // `on_change` is called on threads of this class when the status has changed: each status once,
  // in their order. It may be called before the constructor has returned.
  MeshWatch(MeshWatchOptions options, OnChange on_change);
  // Milliseconds.
  ~MeshWatch();
  MeshWatch(const MeshWatch&) = delete;
  MeshWatch& operator=(const MeshWatch&) = delete;

  MeshStatus status() const;

 private:
  enum class Woken { kStop, kFile, kGone, kTime };

  void run();
  bool take_file();
  void follow();
  kube::Outcome<std::optional<kube::Resource>> discover(kube::Client& client) const;
  Woken watch(const kube::Resource& resource);
  bool take_gone();
  Woken wait(std::chrono::milliseconds duration);
  kube::WatchHandlers handlers();
  void not_served();
  void update(MeshConfigState seen);
  void report_lost(const kube::ApiError& error);
  void change(const std::function<void(MeshStatus&)>& edit);

  const MeshWatchOptions options_;
  const OnChange on_change_;
  kube::Stop stop_;
  EventFd gone_;  // the watch was answered that there is no such kind

  // Of the thread. A watcher reads `cluster_` too, so that it changes only while there is none.
  std::shared_ptr<const kube::Cluster> cluster_;
  std::shared_ptr<const kube::Cluster> next_cluster_;  // from the file; null: nothing new
  FileSet file_;
  DirectoryWatch directory_;
  kube::SteadyTime next_look_ = kube::SteadyTime::max();  // at the file
  std::optional<kube::SteadyTime> not_served_since_;

  std::map<std::string, MeshConfigState> objects_;  // of the watcher's thread, by namespace

  std::mutex telling_;  // held while on_change_ runs, so that it hears all in order
  mutable std::mutex mutex_;
  MeshStatus status_;   // guarded by mutex_
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace smc
