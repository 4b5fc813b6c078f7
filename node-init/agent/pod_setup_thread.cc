#include "node-init/agent/pod_setup_thread.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>

#include <poll.h>

namespace smc::node {

PodSetupThread::PodSetupThread(System& system, PodSetups& setups)
    : system_(system), setups_(setups), thread_([this] { run(); }) {}

PodSetupThread::~PodSetupThread() {
  setups_.round_ended(false, false);  // what is not begun yet is the next agent's
  stop_.raise();
  thread_.join();
}

void PodSetupThread::run() {
  while (true) {
    setups_.work();
    const auto due = setups_.due();
    int timeout = -1;
    if (due != Clock::time_point::max()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(due - system_.now()).count();
      timeout = static_cast<int>(std::max<std::int64_t>(left, 0));
    }
    const auto [wake, requests, cgroups] = setups_.descriptors();
    pollfd waited[] = {
        {stop_.fd(), POLLIN, 0}, {wake, POLLIN, 0}, {requests, POLLIN, 0}, {cgroups, POLLIN, 0}};
    ::poll(waited, std::size(waited), timeout);
    if (stop_.raised()) return;
  }
}

}  // namespace smc::node
