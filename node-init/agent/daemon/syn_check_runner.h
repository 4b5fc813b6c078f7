// Runs syn-check in pods' network namespaces for whoever asks the agent, one at a time, on a thread
// of its own. For one thread; its end waits for a run to stop.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "http/route.h"

namespace smc::node {

class SynCheckRunner {
 public:
  // What runs makes the answer's body; it is to return soon once it is asked to stop.
  using Job = std::function<http::Reply(const std::stop_token&)>;

  // Null while another one runs.
  std::shared_ptr<http::PendingReply> start(Job job);

 private:
  std::shared_ptr<std::atomic<bool>> running_ = std::make_shared<std::atomic<bool>>(false);
  std::jthread thread_;
};

}  // namespace smc::node
