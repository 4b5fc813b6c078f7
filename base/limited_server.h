// A plain HTTP server for the kubelet's probes, Prometheus and a person: GET only, its own few
// threads, a limit for everything a client can take from it. get(), start() and stop() belong to
// one thread; what get() was given is called from the server's threads.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/host_port.h"
#include "base/result.h"

namespace smc {

struct StatusAnswer {
  int status = 200;
  std::string body;
  const char* content_type = "text/plain; charset=utf-8";

  // 200 with `good`, or 503 with the reasons.
  static StatusAnswer of(const std::string& reasons, const char* good);
  // Prometheus' text format.
  static StatusAnswer metrics(std::string text);
};

class LimitedServer {
 public:
  LimitedServer();
  ~LimitedServer();
  LimitedServer(const LimitedServer&) = delete;
  LimitedServer& operator=(const LimitedServer&) = delete;

  void get(const char* path, std::function<StatusAnswer()> answer);

  // The address that is bound; port 0 takes a free one. `hint` is the error's.
  Result<HostPort> start(const HostPort& address, const char* hint);
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace smc
