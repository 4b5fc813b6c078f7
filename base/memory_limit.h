// How much memory the control groups that this process is in leave it. Reads files; safe on any
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace smc {

// The lowest limit of the process's control group and those above it, version 1 or 2, in bytes.
// Nothing where there is none, or none can be read. `root` stands before /proc and /sys.
//
// Linux Documentation/admin-guide/cgroup-v2.rst ("memory.max") and cgroup-v1/memory.rst
// ("memory.limit_in_bytes").
std::optional<std::uint64_t> memory_limit(const std::string& root = {});

}  // namespace smc
