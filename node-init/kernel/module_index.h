// Whether the running kernel has a module at all, from the index that depmod(8) made of its
// modules. Loads nothing. Safe on any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "node-init/kernel/system.h"

namespace smc::node {

enum class ModulePresence {
  kLoadable,
  kBuiltIn,
  kAbsent,   // the index is there and has no such module
  kUnknown,  // no index to be seen, as in most containers
};

// Looks below `root` (empty: /) in lib/modules and usr/lib/modules of the running kernel's release.
ModulePresence find_module(System& system, const std::string& root, const std::string& name);

// What to do where this kernel has no SMC; names nothing that cannot help on this release.
std::string missing_smc_hint(std::string_view release);

// The error of every program that finds the kernel without SMC (`code`: the errno, or 0).
Error no_smc_error(System& system, int code);

}  // namespace smc::node
