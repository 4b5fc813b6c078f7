// How the agent's requests to the API server fare, by what they are for; each failure is logged
// once until the requests work again. Every function is safe on any thread; one mutex guards it
// all.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "kube/error.h"

namespace smc::node {

enum class ApiTask { kNode, kPods, kEvents };
std::string_view task_name(ApiTask task);  // "node", …: metric label

struct ApiState {
  bool up = true;
  std::uint64_t errors = 0;
  std::string last_error;  // empty: the last request worked
};

class ApiHealth {
 public:
  void succeeded(ApiTask task);
  void failed(ApiTask task, const kube::ApiError& error);

  // Of every task.
  std::map<ApiTask, ApiState> states() const;

 private:
  mutable std::mutex mutex_;
  std::map<ApiTask, ApiState> states_{
      {ApiTask::kNode, {}}, {ApiTask::kPods, {}}, {ApiTask::kEvents, {}}};
};

}  // namespace smc::node
