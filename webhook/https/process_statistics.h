// What the kernel counts for this process, under the names that Prometheus' own clients use for
// them. Safe on any thread.
#pragma once

#include <string>
#include <vector>

namespace smc::webhook {

struct ProcessStatistic {
  std::string name;
  std::string help;
  bool counter = false;  // else a gauge
  double value = 0;
};

// Those that can be read; a hidden /proc makes the list shorter.
std::vector<ProcessStatistic> process_statistics();

}  // namespace smc::webhook
