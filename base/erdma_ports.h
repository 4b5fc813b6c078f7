// The TCP ports that Alibaba Cloud Linux reserves for eRDMA's own connections, in every network
// namespace, where SMC is loaded. Values, safe on any thread.
#pragma once

#include <string_view>

namespace smc {

inline constexpr int kFirstErdmaPort = 65500;
inline constexpr int kLastErdmaPort = 65515;
inline constexpr std::string_view kErdmaPortsText = "65500-65515";

}  // namespace smc
