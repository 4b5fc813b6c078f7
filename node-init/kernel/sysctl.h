// Kernel parameters by their names ("net.smc.rmem"), those of a namespace from the calling thread's
// one. Safe on any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "node-init/kernel/system.h"

namespace smc::node {

// The path of a parameter. Parts are joined with '/', so that an interface called "eth0.5" works.
std::string sysctl_path(const std::vector<std::string>& parts);

// Without trailing white space; nothing where this kernel has no such parameter.
Result<std::optional<std::string>> read_sysctl(System& system, const std::string& path);

// Writes only where the value differs, reads it back, and returns whether it wrote. ENOENT where
// this kernel has no such parameter.
Result<bool> ensure_sysctl(System& system, const std::string& path, const std::string& value);

}  // namespace smc::node
