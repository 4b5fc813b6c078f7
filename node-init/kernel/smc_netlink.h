// Requests to the generic netlink family SMC_GEN_NETLINK, from which devices, counters and EIDs are
// read. Safe on any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "node-init/kernel/netlink.h"

namespace smc::node {

// The attributes of each message of a dump are at Attributes::after(message, GENL_HDRLEN).
Result<std::vector<NetlinkMessage>> smc_dump(System& system, std::uint8_t command,
                                             const std::string& what);

// A single request with one text attribute.
Result<void> smc_command(System& system, std::uint8_t command, int attribute,
                         const std::string& text, const std::string& what);

}  // namespace smc::node
