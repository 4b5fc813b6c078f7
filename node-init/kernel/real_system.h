// The parts of the real System that have a file of their own. Only real_system.cc calls them.
#pragma once

#include "node-init/kernel/system.h"

namespace smc::node {

Result<std::unique_ptr<NetlinkSocket>> open_real_netlink(int protocol, std::uint32_t groups);
Result<std::unique_ptr<DirectoryEvents>> watch_real_directories();
Result<std::vector<VerbsDevice>> real_verbs_devices();
Result<std::unique_ptr<SmcPair>> connect_real_smc_pair(const std::string& address,
                                                       std::chrono::milliseconds timeout);

}  // namespace smc::node
