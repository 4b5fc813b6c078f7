// Network interfaces, IPv4 addresses and the default route of the calling thread's network
// namespace (rtnetlink). /sys/class/net would show those of the namespace in which /sys was
// mounted. Safe on any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "node-init/kernel/system.h"

namespace smc::node {

struct Link {
  int index = 0;
  std::string name;
  std::string mac;   // "02:00:00:00:00:01"; empty where it has none
  std::string kind;  // "veth", "ipvlan", "vlan", …; empty for a device of its own
  bool up = false;
  int lower_index = 0;           // of the device it stands on (vlan, ipvlan, macvlan); 0: none
  bool lower_elsewhere = false;  // that device is in another namespace

  bool operator==(const Link&) const = default;
};

struct Ipv4Address {
  int ifindex = 0;
  std::string address;
  int prefix_length = 0;

  bool operator==(const Ipv4Address&) const = default;
};

Result<std::vector<Link>> links(System& system);
Result<std::vector<Ipv4Address>> ipv4_addresses(System& system);

// The index of the interface with the IPv4 default route of the lowest metric; nothing if there is
// no such route.
Result<std::optional<int>> default_route_interface(System& system);

// Nothing where there is no such interface.
std::optional<Link> link_named(const std::vector<Link>& links, const std::string& name);

Result<void> set_link_up(System& system, int index);
Result<void> add_ipv4_address(System& system, const Ipv4Address& address);

}  // namespace smc::node
