// The mesh switch as the daemon has it: follows it, joins it with the configuration, and tells
// /readyz, the metrics and the log. For the daemon's main thread.
#pragma once

#include <memory>

#include "base/event_fd.h"
#include "mesh/mesh_watch.h"
#include "webhook/cluster/readiness.h"
#include "webhook/config/config.h"
#include "webhook/https/metrics.h"

namespace smc::webhook {

class MeshControl {
 public:
  // Both must outlive it.
  MeshControl(Readiness& readiness, Metrics& metrics);

  // Follows the switch from now on. Not ready until the first attempt to read it has ended: a
  // replica that starts must not inject where the mesh says no. A watch that is lost later is a
  // notice.
  void follow(MeshWatchOptions options);

  // Readable when take() has something to take.
  int fd() const { return changed_.fd(); }
  // Whether effective() is another one from now on.
  bool take();

  // `configured` with the mesh switch as it is; what is told follows it.
  std::shared_ptr<const Config> effective(const Config& configured);

 private:
  void report();

  Readiness& readiness_;
  Metrics& metrics_;
  EventFd changed_;
  bool configured_ = true;
  MeshStatus status_;
  std::unique_ptr<MeshWatch> watch_;  // null: the configuration alone decides
};

}  // namespace smc::webhook
