#include "node-init/agent/cluster/mesh_follower.h"

#include <chrono>
#include <utility>

#include "base/log.h"

namespace smc::node {

MeshWatchOptions agent_mesh_watch() {
  MeshWatchOptions options("smc-node-agent");
  // 5,000 agents whose API server comes back ask it within half a minute.
  options.watcher.backoff = {std::chrono::milliseconds(500), std::chrono::seconds(30)};
  // Where there is no such kind, 5,000 agents ask for it 11 times a second, by a request of some
  // hundred bytes. What is missed until then is a switch that the webhook has long seen.
  options.discovery = {std::chrono::seconds(1), std::chrono::minutes(10)};
  return options;
}

MeshFollower::MeshFollower(MeshOptions options, std::function<void()> on_change)
    : configured_(options.configured), on_change_(std::move(on_change)) {
  if (!options.watch) {
    state_ = {true, configured_, std::nullopt};
    return;
  }
  state_ = state_of({});
  watch_.emplace(*std::move(options.watch), [this](const MeshStatus& status) { take(status); });
}

MeshFollower::State MeshFollower::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

// Of a followed switch.
MeshFollower::State MeshFollower::state_of(const MeshStatus& status) const {
  return {status.tried, status.tried && smc_enabled(configured_, status.seen),
          status.tried && status.lost.empty()};
}

void MeshFollower::take(const MeshStatus& status) {
  State before;
  const State after = state_of(status);
  {
    const std::lock_guard lock(mutex_);
    before = std::exchange(state_, after);
  }
  if (before.known == after.known && before.on == after.on) return;
  log::info("mesh switch", {{"smc_enabled", after.on},
                            {"seen", to_text(status.seen)},
                            {"source", decides(status.seen) ? "ASMMeshConfig" : "configuration"}});
  on_change_();
}

}  // namespace smc::node
