// Makes load: requests over a number of connections that stay open, each sent when it is due and
// not when the last one was answered. A server that stalls therefore shows in the latencies of all
// the requests that would have come meanwhile. For one thread, which waits until the load is over.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/http_url.h"
#include "base/result.h"
#include "bench/histogram.h"
#include "bench/open_ports.h"
#include "bench/run_result.h"

namespace smc::bench {

// Descriptors are the bound: a process has 1,024 by default, up to a million by its hard limit.
inline constexpr int kMaxConnections = 10'000;
// What the echo server takes.
inline constexpr int kMaxPayload = 1 << 20;

struct LoadOptions {
  HttpUrl url;
  double rate = 100'000;  // requests per second of all connections together; 0: no limit
  std::chrono::milliseconds duration{30'000};
  std::chrono::milliseconds warm_up{2'000};  // before it, not counted
  int connections = 64;
  int payload = 128;  // bytes of a request's body; 0: GET
  int threads = 1;
  std::chrono::milliseconds timeout{10'000};  // for a connection, and for an answer
};

struct LoadCounts {
  Histogram latency;  // from when a request was due
  Histogram service;  // from when it was sent
  std::uint64_t requests = 0;
  std::map<std::string, std::uint64_t> errors;
  std::vector<Second> course;
  std::chrono::nanoseconds measured{0};
  std::chrono::nanoseconds cpu{0};
};

// What happens while the load runs, on the caller's thread.
struct LoadHooks {
  std::function<void()> measuring = [] {};  // all connections are up, and the warm-up is over
  std::function<void(int second)> second = [](int) {
  };  // one of the measured part is nearly over, from 0
  std::function<bool()> stopped = [] { return false; };  // asked ten times a second
};

// An error where a connection cannot be made at the start; later ones are counted, and the
// connection is made anew.
Result<LoadCounts> run_load(const LoadOptions& options, OpenPorts& ports, const LoadHooks& hooks);

}  // namespace smc::bench
