// An HTTP/1.1 server over TLS or in the clear: one thread, every limit enforced before memory is
// spent. run() is the thread; everything else may be called from any thread unless it says
// otherwise.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/host_port.h"
#include "base/result.h"
#include "http/limits.h"
#include "http/observer.h"
#include "http/route.h"
#include "http/ssl.h"

namespace smc::http {

class Server {
 public:
  // In the clear without `tls`. `observer` must outlive the server.
  Server(const Limits& limits, std::vector<Route> routes, Observer& observer,
         SslContextPtr tls = nullptr);
  ~Server();

  // Before run(). Port 0 takes a free one. The address that is bound. `flag` chooses it and is
  // named where it cannot be had.
  Result<HostPort> bind(const HostPort& address, const std::string& flag);

  // Serves until drained or stopped. Once.
  void run();

  // From the next connection (TLS), phase (limits) or request (handler of a route, by its place)
  // on.
  void replace(const Limits& limits);
  void replace(SslContextPtr tls);
  void replace(std::size_t route, Handler handler);

  // Empties the backlog, stops listening, answers with "Connection: close", closes what is idle.
  // run() returns when the last connection is gone, at most request_timeout and a second later.
  void drain();

  // run() returns now; open connections are dropped.
  void stop();

  // How long ago the thread last looked after its connections, which it does ten times a second.
  std::chrono::milliseconds since_last_turn() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace smc::http
