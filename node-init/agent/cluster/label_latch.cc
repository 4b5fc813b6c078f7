#include "node-init/agent/cluster/label_latch.h"

#include <algorithm>

namespace smc::node {

Clock::duration LabelLatch::on_after() const {
  constexpr int kMostDoublings = 16;  // past every longest_on_after, and no overflow
  return std::min(limits_.longest_on_after,
                  limits_.on_after * (1 << std::min(falls_, kMostDoublings)));
}

void LabelLatch::round(bool ready, Clock::time_point now) {
  if (verdict_ != ready) since_ = now;
  verdict_ = ready;
  if (on_ == true && now - turned_on_ >= limits_.forget_after) falls_ = 0;
  if (on_ == ready || now - since_ < (ready ? on_after() : limits_.off_after)) return;
  if (on_ == true) ++falls_;
  on_ = ready;
  turned_on_ = now;
}

}  // namespace smc::node
