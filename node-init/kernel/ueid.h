// The user-defined enterprise ids (UEID) without which two hosts that are not mainframes find no
// SMC-R v2 in common. One table for the whole node: every namespace reads and writes the same one.
// Safe on any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "node-init/kernel/system.h"

namespace smc::node {

inline constexpr std::size_t kMaxUeids = 4;  // SMC_MAX_UEID in linux/smc.h

// Upper case; nothing if the kernel would refuse it: 1 to 32 of A-Z 0-9 . - , beginning with a
// letter or digit (smc_clc_ueid_valid in the kernel's smc_clc.c).
std::optional<std::string> normal_ueid(std::string_view text);

// Without the spaces that pad them.
Result<std::vector<std::string>> read_ueids(System& system);

// True if it was added, false if it was there. ERANGE where the table is full: nobody's entry is
// ever removed to make room.
Result<bool> add_ueid(System& system, const std::string& ueid);

// True if it was removed, false if it was not there.
Result<bool> remove_ueid(System& system, const std::string& ueid);

}  // namespace smc::node
