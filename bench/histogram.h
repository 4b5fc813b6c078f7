// Latencies, counted in buckets that are 1 % wide, so that each percentile is right to 1 %. A
// value; one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

namespace smc::bench {

// Latencies from `from_ms` up to `to_ms`, in milliseconds.
struct Bucket {
  double from_ms = 0;
  double to_ms = 0;
  std::uint64_t count = 0;
};

class Histogram {
 public:
  Histogram();
  ~Histogram();
  Histogram(const Histogram& other);
  Histogram& operator=(const Histogram& other);
  Histogram(Histogram&& other) noexcept;
  Histogram& operator=(Histogram&& other) noexcept;

  void record(std::chrono::nanoseconds latency);
  void add(const Histogram& other);

  std::uint64_t count() const;
  double min_ms() const;  // 0 without a latency, as the next two
  double max_ms() const;
  double mean_ms() const;

  // The latency that `percent` of all do not exceed; between the edges of a bucket in proportion.
  double percentile_ms(double percent) const;

  // Those with a latency in them, in order.
  std::vector<Bucket> buckets() const;

 private:
  struct Counts;
  std::unique_ptr<Counts> counts_;
};

// The same of buckets that come from elsewhere: in order, without overlap.
double percentile_ms(const std::vector<Bucket>& buckets, double percent);

}  // namespace smc::bench
