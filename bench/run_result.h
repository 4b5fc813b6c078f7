// What one run of load found: how fast, how many, and what carried it. Written and read as JSON;
// fortio's JSON is read, too. Values, safe on any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bench/histogram.h"

namespace smc::bench {

// The percentiles that are reported, in this order.
inline constexpr double kPercentiles[] = {50, 75, 90, 99, 99.9};
std::string percentile_name(double percent);  // "P50", "P99.9"

struct Latency {
  double mean_ms = 0;
  double min_ms = 0;
  double max_ms = 0;
  std::map<double, double> percentiles;  // percent to milliseconds
  std::vector<Bucket> buckets;
};
Latency latency_of(const Histogram& histogram);

struct Second {
  int at = 0;  // seconds since the measured part began
  std::uint64_t requests = 0;
  std::uint64_t errors = 0;
  std::uint64_t fallbacks = 0;  // connections of this namespace that fell back to TCP in it
};

struct FallbackCount {
  std::string code;    // "0x03010000"
  std::string reason;  // in words
  std::uint64_t count = 0;
};

// What carried the connections, as the kernel counted during the run.
struct Proof {
  std::uint64_t samples = 0;                   // looks into the socket table
  std::uint64_t connections = 0;               // the most that were open at one look
  std::map<std::string, std::uint64_t> modes;  // of those: "smc-r", "smc-d", "tcp"
  std::vector<FallbackCount> fallbacks;
  std::uint64_t smc_bytes = 0;        // sent and received by SMC-R in this namespace
  std::string interface;              // of the connections; "": its bytes are not known
  std::uint64_t interface_bytes = 0;  // sent and received by it
  std::string device;                 // RDMA device of the connections
  // Sent and received by it. Absent in pods: in a network namespace other than the first, sysfs has
  // no hw_counters.
  std::optional<std::uint64_t> device_packets;
  std::vector<std::string> doubts;  // what speaks against "all of it was SMC-R"

  bool smc_r() const { return samples > 0 && doubts.empty(); }
  std::string mode() const;  // "smc-r", "tcp" or "mixed"
};

struct RunResult {
  std::string program;  // "smc-bench" or "fortio"
  std::string version;
  std::string target;
  std::string started;    // UTC, RFC 3339
  double asked_rate = 0;  // requests per second; 0: as many as possible
  double seconds = 0;     // that were measured
  std::uint64_t connections = 0;
  std::uint64_t payload = 0;  // bytes of a request's body
  double rate = 0;            // answered requests per second
  std::uint64_t requests = 0;
  std::map<std::string, std::uint64_t> errors;  // by kind
  double cpu_seconds = 0;                       // of the program that made the load
  Latency latency;                              // from when a request was due
  Latency service;                              // from when it was sent
  std::vector<Second> course;
  std::optional<Proof> proof;
  std::string expected;  // what it was to run over: "tcp", "smc-r", or "" where nobody said

  // Whether the asked rate was reached; only then do latencies from when requests were due mean
  // something, because otherwise they grow with the length of the run.
  bool held_rate() const { return asked_rate > 0 && rate >= 0.99 * asked_rate; }
  // Whether it ran over TCP on purpose, so that nothing speaks against it.
  bool is_baseline() const;
  std::uint64_t error_count() const;
  double cpu_us_per_request() const;
};

// Holds what the kernel counted against what the load knows of itself: `requests` were answered,
// with `payload` bytes each way. What does not fit becomes a doubt.
void judge(Proof& proof, std::uint64_t requests, std::uint64_t payload);

// The proof in a sentence or two, as it ends a run on a terminal: "64 of 64 connections SMC-R; …".
std::string proof_text(const RunResult& result);

std::string to_json(const RunResult& result);
// The proof alone, of a load that another program made.
std::string to_json(const Proof& proof);
Result<Proof> parse_proof(std::string_view text, const std::string& origin);

// One or more runs: an object, an array of objects, or fortio's object. `origin` names the text in
// errors.
Result<std::vector<RunResult>> parse_results(std::string_view text, const std::string& origin);

}  // namespace smc::bench
