#include "node-init/agent/daemon/syn_check_runner.h"

#include <exception>
#include <mutex>
#include <optional>
#include <utility>

#include "base/log.h"

namespace smc::node {
namespace {

// What the thread leaves for the server's.
class Pending final : public http::PendingReply {
 public:
  std::optional<http::Reply> take() override {
    const std::lock_guard lock(mutex_);
    return std::exchange(reply_, std::nullopt);
  }
  void set(http::Reply reply) {
    const std::lock_guard lock(mutex_);
    reply_ = std::move(reply);
  }

 private:
  std::mutex mutex_;
  std::optional<http::Reply> reply_;
};

http::Reply run(const SynCheckRunner::Job& job, const std::stop_token& stop) {
  try {
    return job(stop);
  } catch (const std::exception& failure) {
    log::error("syn-check failed", {{"error", failure.what()}});
    return {500, "internal error\n"};
  }
}

}  // namespace

std::shared_ptr<http::PendingReply> SynCheckRunner::start(Job job) {
  if (running_->exchange(true)) return nullptr;
  auto pending = std::make_shared<Pending>();
  thread_ = std::jthread(
      [running = running_, pending, job = std::move(job)](const std::stop_token& stop) {
        pending->set(run(job, stop));
        *running = false;
      });
  return pending;
}

}  // namespace smc::node
