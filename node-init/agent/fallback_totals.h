// Running totals of the fallbacks of one network namespace. The kernel counts each reason in 16
// bits; its 64-bit totals a side say how often a reason went round. Pure; for one thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <map>

#include "node-init/kernel/smc_stats.h"

namespace smc::node {

struct FallbackKey {
  Side side = Side::kClient;
  std::uint32_t code = 0;  // kOtherReasons: the reasons beyond the 36 a side that the kernel holds

  auto operator<=>(const FallbackKey&) const = default;
};

// No CLC decline code is 0.
inline constexpr std::uint32_t kOtherReasons = 0;

using FallbackCounts = std::map<FallbackKey, std::uint64_t>;

class FallbackTotals {
 public:
  // What a namespace's counters say now. Counters that went back (the module was loaded anew) start
  // again from zero, on top of what was counted before.
  //
  // Wraps are found by comparing the sum of the reasons with the side's total, so the result is
  // exact however long ago the last update was. Where several reasons grew since then, the one that
  // grew most gets the wraps: only the split between them can be wrong, never their sum.
  void update(const FallbackStats& now);

  // Never goes back.
  FallbackCounts counts() const;

 private:
  struct Reason {
    std::uint16_t seen = 0;    // the kernel's counter at the last update
    std::uint64_t total = 0;   // since the counters began
    std::uint64_t growth = 0;  // at the last update
  };
  struct OneSide {
    std::uint64_t kernel_total = 0;
    std::uint64_t other = 0;
    std::map<std::uint32_t, Reason> reasons;
  };

  OneSide& side(Side which) { return sides_[static_cast<std::size_t>(which)]; }
  void start_again_if_reset(Side which, std::uint64_t total, const FallbackStats& now);
  void settle(OneSide& side);

  std::array<OneSide, 2> sides_;
  FallbackCounts before_reset_;
};

}  // namespace smc::node
