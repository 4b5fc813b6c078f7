// The mesh switch as the agent has it: what the ASMMeshConfig says where it is followed, else the
// configured value, with the webhook's meaning (mesh/mesh_switch.h). Every function is safe on any
// thread.
#pragma once

#include <functional>
#include <mutex>
#include <optional>

#include "mesh/mesh_watch.h"

namespace smc::node {

struct MeshOptions {
  bool configured = true;                 // where the object does not say otherwise
  std::optional<MeshWatchOptions> watch;  // nothing: the configured value alone decides
};

// Those of an agent, of which a cluster has thousands.
MeshWatchOptions agent_mesh_watch();

class MeshFollower {
 public:
  struct State {
    bool known = false;      // the first attempt to read the object has ended, or none is made
    bool on = false;         // the effective value; false while it is not known
    std::optional<bool> up;  // whether the watch works; nothing: there is none
  };

  // `on_change` is called on the watch's threads when the effective value has changed; it may be
  // before the constructor has returned.
  MeshFollower(MeshOptions options, std::function<void()> on_change);
  MeshFollower(const MeshFollower&) = delete;
  MeshFollower& operator=(const MeshFollower&) = delete;

  State state() const;
  bool on() const { return state().on; }

 private:
  void take(const MeshStatus& status);
  State state_of(const MeshStatus& status) const;

  const bool configured_;
  const std::function<void()> on_change_;
  mutable std::mutex mutex_;
  State state_;                     // guarded by mutex_
  std::optional<MeshWatch> watch_;  // last: its threads use all of the above
};

}  // namespace smc::node
