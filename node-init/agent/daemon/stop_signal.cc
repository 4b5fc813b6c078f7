#include "node-init/agent/daemon/stop_signal.h"

#include <chrono>
#include <csignal>
#include <cstdlib>

#include <pthread.h>

#include "base/log.h"

namespace smc::node {
namespace {

// A round that hangs in the kernel cannot be called back. It may be cut off anywhere: the next
// agent does the rest.
constexpr std::chrono::milliseconds kGrace{900};

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

}  // namespace

StopSignal::StopSignal() {
  const sigset_t set = stop_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  thread_ = std::thread([this] { wait_for_signal(); });
}

StopSignal::~StopSignal() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  changed_.notify_all();
  // Ends sigwait() where no signal came. The thread has it blocked, so it terminates nothing.
  ::pthread_kill(thread_.native_handle(), SIGTERM);  // NOLINT(bugprone-bad-signal-to-kill-thread)
  thread_.join();
}

void StopSignal::wait_for_signal() {
  const sigset_t set = stop_signals();
  int signal = 0;
  ::sigwait(&set, &signal);
  event_.raise();
  std::unique_lock lock(mutex_);
  if (changed_.wait_for(lock, kGrace, [this] { return over_; })) return;
  log::warn("stopped in the middle of a round", {{"hint", "the kernel did not answer in time"}});
  std::_Exit(EXIT_SUCCESS);
}

}  // namespace smc::node
