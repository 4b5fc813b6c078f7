// The admission listener: http/server with TLS and the one route POST /mutate. run() is the thread;
// everything else may be called from any thread unless it says otherwise.
#pragma once

#include <chrono>
#include <cstddef>
#include <utility>

#include "base/host_port.h"
#include "base/result.h"
#include "http/route.h"
#include "http/server.h"
#include "webhook/config/config.h"
#include "webhook/https/metrics.h"
#include "webhook/https/tls.h"

namespace smc::webhook {

class Listener {
 public:
  // A review in, an answer out, on the listener's thread: JSON with status 200, a line of text with
  // 400 or 503.
  using Handler = http::Handler;

  // Nine of the largest bodies, or 100 KiB for each of the 600 connections that three API servers
  // open at most, and a fifth of it for what comes before them.
  static constexpr std::size_t kMaxBytesInFlight = 80 << 20;

  // `metrics` must outlive the listener.
  Listener(const Config::Server& limits, SslContextPtr tls, Handler handler, Metrics& metrics,
           std::size_t max_bytes_in_flight = kMaxBytesInFlight);

  // Before run(). Port 0 takes a free one. The address that is bound.
  Result<HostPort> bind(const HostPort& address) { return server_.bind(address, "--listen"); }

  // Serves until drained or stopped. Once.
  void run() { server_.run(); }

  // From the next connection (TLS), phase (limits) or request (handler) on.
  void replace(const Config::Server& limits);
  void replace(SslContextPtr tls) { server_.replace(std::move(tls)); }
  void replace(Handler handler) { server_.replace(kMutate, std::move(handler)); }

  void drain() { server_.drain(); }
  void stop() { server_.stop(); }
  std::chrono::milliseconds since_last_turn() const { return server_.since_last_turn(); }

 private:
  static constexpr std::size_t kMutate = 0;  // its place among the routes

  http::Limits limits_of(const Config::Server& config) const;

  const std::size_t max_bytes_in_flight_;
  http::Server server_;
};

}  // namespace smc::webhook
