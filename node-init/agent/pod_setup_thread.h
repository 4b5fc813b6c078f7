// The thread on which pods are set up, apart from the agent's rounds: a self-test may take seconds,
// and so may a round. For the thread that owns it.
#pragma once

#include <thread>

#include "base/event_fd.h"
#include "node-init/agent/pod_setups.h"

namespace smc::node {

class PodSetupThread {
 public:
  PodSetupThread(System& system, PodSetups& setups);
  // Waits for the set-up that may be under way.
  ~PodSetupThread();
  PodSetupThread(const PodSetupThread&) = delete;
  PodSetupThread& operator=(const PodSetupThread&) = delete;

 private:
  void run();

  System& system_;  // for its clock
  PodSetups& setups_;
  EventFd stop_;
  std::thread thread_;
};

}  // namespace smc::node
