// What the reports draw: two distributions over the same bins, and scales. Pure functions, safe on
// any thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "bench/run_result.h"

namespace smc::bench {

// Latencies within [from_ms, to_ms), as shares of all requests of each side.
struct Bin {
  double from_ms = 0;
  double to_ms = 0;
  double before = 0;
  double after = 0;
};

// As many bins of the same width on a logarithmic scale, from the shortest latency of either side
// to the longest that 99.9 % do not exceed; what is longer is in the last bin. Buckets that reach
// over several bins are shared out in proportion. Empty where neither side has a latency.
std::vector<Bin> bins(const Latency& before, const Latency& after, std::size_t count);

// The round numbers within the range, for an axis: 1, 2 and 5 times a power of ten.
std::vector<double> log_ticks(double from, double to);
// Some four round numbers from 0 to `to`.
std::vector<double> linear_ticks(double to);

}  // namespace smc::bench
