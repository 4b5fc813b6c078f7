// Two runs, or two series of runs, side by side: how much the second gained, and whether that is
// more than the runs differ among themselves. Pure functions, safe on any thread.
#pragma once

#include <string>
#include <vector>

#include "bench/run_result.h"

namespace smc::bench {

struct Row {
  std::string name;  // "rate", "P50"
  std::string unit;  // "requests/s", "ms"
  double before = 0;
  double after = 0;

  // Of `before`, in percent; 0 where that is 0.
  double change_percent() const;
};

enum class Verdict { kFaster, kSlower, kWithinNoise };

struct Comparison {
  std::vector<RunResult> before;  // the rounds, never empty
  std::vector<RunResult> after;
  bool from_due = false;     // latencies from when requests were due; else from when they were sent
  std::vector<Row> rows;     // medians over the rounds
  double noise_percent = 0;  // by which the rounds, or a round's seconds, differ among themselves
  Verdict verdict = Verdict::kWithinNoise;
  std::vector<std::string> remarks;  // what makes the two hard to compare

  const Latency& latency(const RunResult& run) const {
    return from_due ? run.latency : run.service;
  }
  const Row& decisive() const;  // by which the verdict is found
  // The round that is drawn: the one with the median rate.
  const RunResult& shown_before() const;
  const RunResult& shown_after() const;
};

// Both with a run at least.
Comparison compare(std::vector<RunResult> before, std::vector<RunResult> after);

// "SMC is 12.3 % faster: 51,234 instead of 45,612 requests/s (noise 1.2 %)"
std::string verdict_text(const Comparison& comparison);

// A number as people read it: "1,234,567" from 10,000 on, else with three digits that count.
std::string number_text(double value);
// "+12.3 %", "-0.4 %"
std::string change_text(double percent);

}  // namespace smc::bench
