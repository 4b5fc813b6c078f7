// The plain HTTP listener for the kubelet and Prometheus: /healthz, /readyz, /metrics, /version.
// Its own few threads, so that it answers while the admission listener is busy; start() and stop()
// belong to one thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "webhook/host_port.h"

namespace smc::webhook {

// What is asked, each called from the listener's own threads.
struct HealthSource {
  std::function<std::string()> ailing;     // why the process should be restarted; empty: healthy
  std::function<std::string()> not_ready;  // why it should get no requests; empty: ready
  std::function<std::string()> notices;    // what /readyz says besides, ready or not
  std::function<std::string()> metrics;    // Prometheus' text format
};

class HealthListener {
 public:
  explicit HealthListener(HealthSource source);
  ~HealthListener();

  // The address that is bound; port 0 takes a free one.
  Result<HostPort> start(const HostPort& address);
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace smc::webhook
