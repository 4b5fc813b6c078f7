// A result with something in each member. For tests.
#pragma once

#include "bench/run_result.h"

namespace smc::bench {

// 64 connections on SMC-R for 3 s at `rate`, each latency `factor` times 1 to 2 ms.
inline RunResult sample_result(double rate = 50'000, double factor = 1) {
  RunResult out;
  out.program = "smc-bench";
  out.version = "1.2.3";
  out.target = "http://server:8080/echo";
  out.started = "2026-01-31T12:00:00Z";
  out.asked_rate = 100'000;
  out.seconds = 3;
  out.connections = 64;
  out.payload = 128;
  out.rate = rate;
  out.requests = static_cast<std::uint64_t>(3 * rate);
  out.cpu_seconds = 1.5;
  Histogram latency;
  for (int i = 0; i < 1000; ++i)
    latency.record(std::chrono::microseconds(static_cast<long>(factor * (1000 + i))));
  out.service = latency_of(latency);
  out.latency = out.service;
  for (int at = 0; at < 3; ++at) out.course.push_back({at, static_cast<std::uint64_t>(rate), 0, 0});
  Proof proof;
  proof.samples = 3;
  proof.connections = 64;
  proof.modes = {{"smc-r", 64}};
  proof.smc_bytes = out.requests * 256;
  proof.interface = "eth0";
  proof.interface_bytes = 12'000;
  proof.device = "rxe0";
  proof.device_packets = out.requests * 2;
  out.proof = proof;
  return out;
}

}  // namespace smc::bench
