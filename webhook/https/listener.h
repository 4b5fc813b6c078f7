// The admission listener: HTTPS for POST /mutate, one thread, every limit enforced before memory is
// spent. run() is the thread; everything else may be called from any thread unless it says
// otherwise.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/host_port.h"
#include "base/result.h"
#include "webhook/config/config.h"
#include "webhook/https/metrics.h"
#include "webhook/https/tls.h"

namespace smc::webhook {

struct Reply {
  int status = 200;  // 200, 400 or 503
  std::string body;  // JSON with status 200, else a line of text
};

class Listener {
 public:
  // Whole body in, answer out, on the listener's thread. It may grow the body in place. What it
  // throws is answered 503 (std::bad_alloc) or 500.
  using Handler = std::function<Reply(std::string& body)>;

  // `metrics` must outlive the listener.
  Listener(const Config::Server& limits, SslContextPtr tls, Handler handler, Metrics& metrics);
  ~Listener();

  // Before run(). Port 0 takes a free one. The address that is bound.
  Result<HostPort> bind(const HostPort& address);

  // Serves until drained or stopped. Once.
  void run();

  // From the next connection (TLS), phase (limits) or request (handler) on.
  void replace(const Config::Server& limits);
  void replace(SslContextPtr tls);
  void replace(Handler handler);

  // Empties the backlog, stops listening, answers with "Connection: close", closes what is idle.
  // run() returns when the last connection is gone, at most requestTimeout and a second later.
  void drain();

  // run() returns now; open connections are dropped.
  void stop();

  // How long ago the thread last looked after its connections, which it does ten times a second.
  std::chrono::milliseconds since_last_turn() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace smc::webhook
