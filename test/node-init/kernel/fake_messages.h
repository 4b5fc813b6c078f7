// What the fake kernel answers, as bytes: one netlink message for each thing of a table.
#pragma once

#include <cstdint>
#include <string>

#include "test/node-init/kernel/fake_system.h"

namespace smc::node::test {

inline constexpr std::uint16_t kSmcFamily = 0x22;

std::string device_message(const SmcDevice& device);
std::string fallback_messages(const FallbackStats& stats);
std::string traffic_message(const TrafficStats& stats);
std::string link_message(const Link& link);
std::string address_message(const Ipv4Address& address);
std::string default_route_message(int ifindex);
std::string rdma_device_message(std::uint32_t index, const RdmaDevice& device);
std::string rdma_resources_message(const std::string& device, std::uint64_t queue_pairs);
std::string rdma_port_message(const RdmaPort& port);
std::string socket_message(const SmcSocket& socket);

}  // namespace smc::node::test
