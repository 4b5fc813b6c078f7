#include "bench/drawing.h"

#include <algorithm>
#include <cmath>

namespace smc::bench {
namespace {

// fortio's first bucket may begin at 0, which no logarithm has.
constexpr double kShortestMs = 0.0005;

void share_out(const Latency& latency, std::vector<Bin>& bins, double Bin::* side) {
  double all = 0;
  for (const Bucket& bucket : latency.buckets) all += static_cast<double>(bucket.count);
  const double first = std::log(bins.front().from_ms);
  const double width = std::log(bins.front().to_ms) - first;
  const auto size = static_cast<double>(bins.size());
  for (const Bucket& bucket : latency.buckets) {
    const double from =
        std::clamp((std::log(std::max(bucket.from_ms, kShortestMs)) - first) / width, 0.0, size);
    const double to =
        std::clamp((std::log(std::max(bucket.to_ms, kShortestMs)) - first) / width, from, size);
    const double share = static_cast<double>(bucket.count) / all;
    if (to - from < 1e-9) {
      bins[std::min(static_cast<std::size_t>(from), bins.size() - 1)].*side += share;
      continue;
    }
    for (auto i = static_cast<std::size_t>(from); i < bins.size() && static_cast<double>(i) < to;
         ++i) {
      const double part =
          std::min(to, static_cast<double>(i) + 1) - std::max(from, static_cast<double>(i));
      bins[i].*side += share * part / (to - from);
    }
  }
}

double shortest(const Latency& latency) {
  return latency.buckets.empty() ? INFINITY
                                 : std::max(latency.buckets.front().from_ms, kShortestMs);
}

}  // namespace

std::vector<Bin> bins(const Latency& before, const Latency& after, std::size_t count) {
  if (before.buckets.empty() && after.buckets.empty()) return {};
  const double from = std::min(shortest(before), shortest(after));
  const double to = std::max(
      {percentile_ms(before.buckets, 99.9), percentile_ms(after.buckets, 99.9), from * 1.1});
  const double step = std::pow(to / from, 1 / static_cast<double>(count));
  std::vector<Bin> out;
  for (std::size_t i = 0; i < count; ++i)
    out.push_back({from * std::pow(step, static_cast<double>(i)),
                   from * std::pow(step, static_cast<double>(i) + 1), 0, 0});
  share_out(before, out, &Bin::before);
  share_out(after, out, &Bin::after);
  return out;
}

std::vector<double> log_ticks(double from, double to) {
  std::vector<double> out;
  for (double decade = std::pow(10, std::floor(std::log10(from))); decade <= to; decade *= 10)
    for (const double factor : {1.0, 2.0, 5.0})
      if (decade * factor >= from && decade * factor <= to) out.push_back(decade * factor);
  return out;
}

std::vector<double> linear_ticks(double to) {
  if (to <= 0) return {0};
  const double rough = to / 4;
  const double decade = std::pow(10, std::floor(std::log10(rough)));
  const double step = decade * (rough / decade < 2 ? 1 : rough / decade < 5 ? 2 : 5);
  std::vector<double> out;
  for (double tick = 0; tick <= to * 1.0001; tick += step) out.push_back(tick);
  return out;
}

}  // namespace smc::bench
