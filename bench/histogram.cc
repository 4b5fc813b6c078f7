#include "bench/histogram.h"

#include <algorithm>
#include <limits>

#include <boost/histogram.hpp>

namespace smc::bench {
namespace {

namespace bh = boost::histogram;

// From 1 microsecond to 100 seconds. A request is given up long before; what is shorter or longer
// is counted in a bucket of its own at the end, and the exact minimum and maximum are kept beside.
constexpr double kLowestMs = 0.001;
constexpr double kHighestMs = 100'000;
constexpr unsigned kBuckets = 1842;  // ln(1e8) / 0.01

using Axis = bh::axis::regular<double, bh::axis::transform::log>;
using Store = decltype(bh::make_histogram_with(std::vector<std::uint64_t>(),
                                               Axis(kBuckets, kLowestMs, kHighestMs)));

double milliseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

}  // namespace

struct Histogram::Counts {
  Store store =
      bh::make_histogram_with(std::vector<std::uint64_t>(), Axis(kBuckets, kLowestMs, kHighestMs));
  std::uint64_t count = 0;
  double sum_ms = 0;
  double min_ms = std::numeric_limits<double>::max();
  double max_ms = 0;
};

Histogram::Histogram() : counts_(std::make_unique<Counts>()) {}
Histogram::~Histogram() = default;
Histogram::Histogram(const Histogram& other) : counts_(std::make_unique<Counts>(*other.counts_)) {}
Histogram& Histogram::operator=(const Histogram& other) {
  *counts_ = *other.counts_;
  return *this;
}
Histogram::Histogram(Histogram&& other) noexcept = default;
Histogram& Histogram::operator=(Histogram&& other) noexcept = default;

void Histogram::record(std::chrono::nanoseconds latency) {
  const double ms = milliseconds(latency);
  counts_->store(ms);
  ++counts_->count;
  counts_->sum_ms += ms;
  counts_->min_ms = std::min(counts_->min_ms, ms);
  counts_->max_ms = std::max(counts_->max_ms, ms);
}

void Histogram::add(const Histogram& other) {
  counts_->store += other.counts_->store;
  counts_->count += other.counts_->count;
  counts_->sum_ms += other.counts_->sum_ms;
  counts_->min_ms = std::min(counts_->min_ms, other.counts_->min_ms);
  counts_->max_ms = std::max(counts_->max_ms, other.counts_->max_ms);
}

std::uint64_t Histogram::count() const {
  return counts_->count;
}

double Histogram::min_ms() const {
  return counts_->count == 0 ? 0 : counts_->min_ms;
}

double Histogram::max_ms() const {
  return counts_->max_ms;
}

double Histogram::mean_ms() const {
  return counts_->count == 0 ? 0 : counts_->sum_ms / static_cast<double>(counts_->count);
}

double Histogram::percentile_ms(double percent) const {
  return bench::percentile_ms(buckets(), percent);
}

std::vector<Bucket> Histogram::buckets() const {
  std::vector<Bucket> out;
  for (auto&& bin : bh::indexed(counts_->store, bh::coverage::all)) {
    if (*bin == 0) continue;
    // the ends of what was measured, where a bucket reaches beyond them
    out.push_back(
        {std::max(bin.bin().lower(), min_ms()), std::min(bin.bin().upper(), max_ms()), *bin});
  }
  return out;
}

double percentile_ms(const std::vector<Bucket>& buckets, double percent) {
  std::uint64_t all = 0;
  for (const Bucket& bucket : buckets) all += bucket.count;
  const double wanted = static_cast<double>(all) * percent / 100;
  double below = 0;
  for (const Bucket& bucket : buckets) {
    const auto count = static_cast<double>(bucket.count);
    if (count > 0 && below + count >= wanted)
      return bucket.from_ms + (bucket.to_ms - bucket.from_ms) * (wanted - below) / count;
    below += count;
  }
  return buckets.empty() ? 0 : buckets.back().to_ms;
}

}  // namespace smc::bench
