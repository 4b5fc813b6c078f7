// What of SMC is set up in one network namespace, read from the kernel. Values; for one thread at a
// time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "node-init/kernel/system.h"

namespace smc::node {

struct NamespaceSetup {
  bool smc = true;                       // false: the kernel's SMC is not loaded
  std::vector<std::string> pnetids;      // of its interfaces but `lo`, whose entry serves nobody
  std::optional<bool> programs_use_smc;  // by its switch; nothing where there is none
  bool excludes_destinations = false;    // the agent has put a list in force
};

// Of the calling thread's network namespace. An error where it could not be read in full.
Result<NamespaceSetup> read_namespace_setup(System& system);

}  // namespace smc::node
