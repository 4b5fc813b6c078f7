#include "kube/backoff.h"

#include <algorithm>
#include <memory>
#include <random>

namespace smc::kube {

using std::chrono::milliseconds;

Random system_random() {
  auto engine = std::make_shared<std::minstd_rand>(std::random_device{}());
  return [engine] { return std::uniform_real_distribution<double>(0.0, 1.0)(*engine); };
}

milliseconds Backoff::next() {
  constexpr unsigned kMostDoublings = 20;  // `first` << 20 is past any `longest`, and no overflow
  const milliseconds step =
      std::min(limits_.longest, limits_.first * (1U << std::min(failures_, kMostDoublings)));
  ++failures_;
  const double share = 0.5 + random_() / 2;
  return std::max(
      milliseconds(1),
      milliseconds(static_cast<milliseconds::rep>(static_cast<double>(step.count()) * share)));
}

}  // namespace smc::kube
