// The server for the kubelet's probes, Prometheus and a person: GET in the clear, on a thread of
// its own, so that probes are answered whatever the program's other threads do. get(), start() and
// stop() belong to one thread; what get() was given is called from the server's, one at a time.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/host_port.h"
#include "base/result.h"
#include "http/server.h"

namespace smc::http {

// The content type of Prometheus' text format.
inline constexpr const char* kPrometheusText = "text/plain; version=0.0.4; charset=utf-8";

// 200 with `good`, or 503 with the reasons.
Reply state_reply(const std::string& reasons, const char* good);

class ProbeServer {
 public:
  ~ProbeServer();

  void get(const char* path, std::function<Reply()> answer);

  void add(Route route);

  // The address that is bound; port 0 takes a free one. `flag` chooses it and is named where it
  // cannot be had.
  Result<HostPort> start(const HostPort& address, const std::string& flag);
  void stop();

 private:
  std::vector<Route> routes_;
  std::unique_ptr<Server> server_;
  std::thread thread_;
};

}  // namespace smc::http
