#include "node-init/agent/cluster/api_health.h"

#include <utility>

#include "base/log.h"

namespace smc::node {

std::string_view task_name(ApiTask task) {
  switch (task) {
    case ApiTask::kNode:
      return "node";
    case ApiTask::kPods:
      return "pods";
    case ApiTask::kEvents:
      return "events";
  }
  return "?";
}

void ApiHealth::succeeded(ApiTask task) {
  const std::lock_guard lock(mutex_);
  ApiState& state = states_[task];
  if (!std::exchange(state.up, true))
    log::info("the API server answers again", {{"after", state.last_error}});
  state.last_error.clear();
}

void ApiHealth::failed(ApiTask task, const kube::ApiError& error) {
  const std::lock_guard lock(mutex_);
  ApiState& state = states_[task];
  state.up = false;
  ++state.errors;
  if (std::exchange(state.last_error, error.what) == error.what) return;
  log::warn("the API server could not be asked", {{"error", error.what}, {"hint", error.hint}});
}

std::map<ApiTask, ApiState> ApiHealth::states() const {
  const std::lock_guard lock(mutex_);
  return states_;
}

}  // namespace smc::node
