#include "node-init/agent/fallback_totals.h"

#include <algorithm>
#include <utility>

namespace smc::node {
namespace {

constexpr std::uint64_t kWrap = 65'536;  // RSN_CNT is a u16
constexpr std::size_t kMaxReasons = 36;  // SMC_MAX_FBACK_RSN_CNT in the kernel's smc_stats.h
constexpr Side kBothSides[] = {Side::kClient, Side::kServer};

std::uint64_t total_of(const FallbackStats& stats, Side side) {
  return side == Side::kClient ? stats.client_total : stats.server_total;
}

}  // namespace

void FallbackTotals::update(const FallbackStats& now) {
  for (const Side which : kBothSides) {
    const std::uint64_t total = total_of(now, which);
    start_again_if_reset(which, total, now);
    side(which).kernel_total = total;
  }
  for (OneSide& one : sides_)
    for (auto& [code, reason] : one.reasons) reason.growth = 0;
  for (const FallbackReason& seen : now.reasons) {
    Reason& reason = side(seen.side).reasons[seen.code];
    // The difference modulo 2^16: a counter that wrapped once is right already.
    reason.growth = static_cast<std::uint16_t>(seen.count - reason.seen);
    reason.total += reason.growth;
    reason.seen = seen.count;
  }
  for (OneSide& one : sides_) settle(one);
}

void FallbackTotals::start_again_if_reset(Side which, std::uint64_t total,
                                          const FallbackStats& now) {
  OneSide& one = side(which);
  // The kernel never forgets a reason while its counters live.
  const bool forgotten =
      std::any_of(one.reasons.begin(), one.reasons.end(), [&](const auto& known) {
        return std::none_of(now.reasons.begin(), now.reasons.end(),
                            [&](const FallbackReason& reason) {
                              return reason.side == which && reason.code == known.first;
                            });
      });
  if (total >= one.kernel_total && !forgotten) return;
  for (const auto& [code, reason] : one.reasons) before_reset_[{which, code}] += reason.total;
  if (one.other != 0) before_reset_[{which, kOtherReasons}] += one.other;
  one = {};
}

// Brings the sum of the reasons up to the side's total.
void FallbackTotals::settle(OneSide& side) {
  std::uint64_t sum = side.other;
  for (const auto& [code, reason] : side.reasons) sum += reason.total;
  // Read in one go under the kernel's lock unless the dump needs two messages; then the sum may be
  // ahead of the total.
  if (side.kernel_total <= sum) return;
  const std::uint64_t missing = side.kernel_total - sum;

  const std::uint64_t wrapped = missing / kWrap * kWrap;
  const auto fastest =
      std::max_element(side.reasons.begin(), side.reasons.end(), [](const auto& a, const auto& b) {
        return std::pair(a.second.growth, a.second.total) <
               std::pair(b.second.growth, b.second.total);
      });
  if (fastest != side.reasons.end()) fastest->second.total += wrapped;
  if (side.reasons.size() >= kMaxReasons) side.other += missing - wrapped;
}

FallbackCounts FallbackTotals::counts() const {
  FallbackCounts counts = before_reset_;
  for (const Side which : kBothSides) {
    const OneSide& one = sides_[static_cast<std::size_t>(which)];
    for (const auto& [code, reason] : one.reasons) counts[{which, code}] += reason.total;
    if (one.other != 0) counts[{which, kOtherReasons}] += one.other;
  }
  return counts;
}

}  // namespace smc::node
