// The agent's plain HTTP listener: /metrics, /healthz, /readyz. Its own threads; start() and stop()
// belong to one thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"

namespace smc::node {

struct StatusSource {
  std::function<std::string()> ailing;     // why the process should be restarted; empty: healthy
  std::function<std::string()> not_ready;  // empty: ready
  std::function<std::string()> metrics;
};

class StatusServer {
 public:
  explicit StatusServer(StatusSource source);
  ~StatusServer();

  // "HOST:PORT"; port 0 takes a free one. The address that is bound.
  Result<std::string> start(const std::string& address);
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace smc::node
