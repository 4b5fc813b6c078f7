// How full a list of the agent's in the kernel is. Values, safe on any thread.
#pragma once

#include <cstddef>

namespace smc::node {

struct ListUse {
  std::size_t entries = 0;
  std::size_t limit = 0;  // what does not fit is refused

  // From nine tenths on, so that there is time to do something about it.
  bool nearly_full() const { return entries * 10 >= limit * 9; }
};

}  // namespace smc::node
