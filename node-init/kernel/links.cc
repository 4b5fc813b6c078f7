#include "node-init/kernel/links.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <limits>

#include <arpa/inet.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include "node-init/kernel/netlink.h"

namespace smc::node {
namespace {

std::string mac_text(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    char hex[4];
    std::snprintf(hex, sizeof hex, "%02x", static_cast<unsigned char>(c));
    if (!text.empty()) text += ':';
    text += hex;
  }
  return text;
}

std::optional<std::string> ipv4_text(std::optional<std::string_view> bytes) {
  if (!bytes || bytes->size() != sizeof(in_addr)) return std::nullopt;
  char text[INET_ADDRSTRLEN];
  ::inet_ntop(AF_INET, bytes->data(), text, sizeof text);
  return text;
}

// The interface of a route's only or first next hop; 0 if it has none.
int route_interface(const Attributes& route) {
  if (const auto index = route.integer(RTA_OIF)) return static_cast<int>(*index);
  const auto hops = route.bytes(RTA_MULTIPATH);
  rtnexthop first{};
  if (!hops || hops->size() < sizeof first) return 0;
  hops->copy(reinterpret_cast<char*>(&first), sizeof first);
  return first.rtnh_ifindex;
}

bool is_default_route(const rtmsg& route, const Attributes& attributes) {
  const auto table = attributes.integer(RTA_TABLE).value_or(route.rtm_table);
  return route.rtm_family == AF_INET && route.rtm_dst_len == 0 && route.rtm_type == RTN_UNICAST &&
         table == RT_TABLE_MAIN && (route.rtm_flags & RTM_F_CLONED) == 0;
}

// All of what `ask` asks for; `what` says in an error what was tried.
template <class Head>
Result<std::vector<NetlinkMessage>> dump(System& system, std::uint16_t type, const Head& ask,
                                         const std::string& what) {
  NetlinkRequest request(type, NLM_F_DUMP);
  request.add_fixed(ask);
  return netlink_exchange(system, NETLINK_ROUTE, request, what);
}

}  // namespace

Result<std::vector<Link>> links(System& system) {
  const auto answer = dump(system, RTM_GETLINK, ifinfomsg{}, "list the interfaces");
  if (!answer) return answer.error();
  std::vector<Link> all;
  for (const NetlinkMessage& message : *answer) {
    const auto head = fixed_part<ifinfomsg>(message);
    if (message.type != RTM_NEWLINK || !head) continue;
    const auto attributes = Attributes::after(message, sizeof *head);
    Link link;
    link.index = head->ifi_index;
    link.up = (head->ifi_flags & IFF_UP) != 0;
    link.name = attributes.text(IFLA_IFNAME).value_or("");
    link.mac = mac_text(attributes.bytes(IFLA_ADDRESS).value_or(""));
    link.kind = attributes.nested(IFLA_LINKINFO).text(IFLA_INFO_KIND).value_or("");
    // A veth names its peer in IFLA_LINK, which is no device below it.
    if (link.kind != "veth") {
      link.lower_index = static_cast<int>(attributes.integer(IFLA_LINK).value_or(0));
      if (link.lower_index == link.index) link.lower_index = 0;
      link.lower_elsewhere =
          link.lower_index != 0 && attributes.bytes(IFLA_LINK_NETNSID).has_value();
    }
    all.push_back(std::move(link));
  }
  return all;
}

Result<std::vector<Ipv4Address>> ipv4_addresses(System& system) {
  ifaddrmsg ask{};
  ask.ifa_family = AF_INET;
  const auto answer = dump(system, RTM_GETADDR, ask, "list the addresses");
  if (!answer) return answer.error();
  std::vector<Ipv4Address> all;
  for (const NetlinkMessage& message : *answer) {
    const auto head = fixed_part<ifaddrmsg>(message);
    if (message.type != RTM_NEWADDR || !head || head->ifa_family != AF_INET) continue;
    const auto attributes = Attributes::after(message, sizeof *head);
    // IFA_ADDRESS is the peer's on a point-to-point interface.
    auto address = ipv4_text(attributes.bytes(IFA_LOCAL));
    if (!address) address = ipv4_text(attributes.bytes(IFA_ADDRESS));
    if (address) all.push_back({static_cast<int>(head->ifa_index), *address, head->ifa_prefixlen});
  }
  return all;
}

Result<std::optional<int>> default_route_interface(System& system) {
  rtmsg ask{};
  ask.rtm_family = AF_INET;
  const auto answer = dump(system, RTM_GETROUTE, ask, "list the routes");
  if (!answer) return answer.error();
  std::optional<int> found;
  std::uint64_t lowest_metric = std::numeric_limits<std::uint64_t>::max();
  for (const NetlinkMessage& message : *answer) {
    const auto head = fixed_part<rtmsg>(message);
    if (message.type != RTM_NEWROUTE || !head) continue;
    const auto attributes = Attributes::after(message, sizeof *head);
    if (!is_default_route(*head, attributes)) continue;
    const std::uint64_t metric = attributes.integer(RTA_PRIORITY).value_or(0);
    const int index = route_interface(attributes);
    if (index != 0 && metric < lowest_metric) {
      lowest_metric = metric;
      found = index;
    }
  }
  return found;
}

std::optional<Link> link_named(const std::vector<Link>& links, const std::string& name) {
  const auto found =
      std::find_if(links.begin(), links.end(), [&](const Link& link) { return link.name == name; });
  if (found == links.end()) return std::nullopt;
  return *found;
}

Result<void> set_link_up(System& system, int index) {
  ifinfomsg change{};
  change.ifi_index = index;
  change.ifi_flags = IFF_UP;
  change.ifi_change = IFF_UP;
  NetlinkRequest request(RTM_NEWLINK, NLM_F_ACK);
  request.add_fixed(change);
  const auto answer = netlink_exchange(system, NETLINK_ROUTE, request,
                                       "bring interface " + std::to_string(index) + " up");
  if (!answer) return answer.error();
  return {};
}

Result<void> add_ipv4_address(System& system, const Ipv4Address& address) {
  in_addr binary{};
  if (::inet_pton(AF_INET, address.address.c_str(), &binary) != 1)
    return Error{address.address + " is no IPv4 address", EINVAL, {}};
  ifaddrmsg head{};
  head.ifa_family = AF_INET;
  head.ifa_prefixlen = static_cast<std::uint8_t>(address.prefix_length);
  head.ifa_index = static_cast<unsigned>(address.ifindex);
  NetlinkRequest request(RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE);
  request.add_fixed(head);
  request.add_u32(IFA_LOCAL, binary.s_addr).add_u32(IFA_ADDRESS, binary.s_addr);
  const auto answer = netlink_exchange(
      system, NETLINK_ROUTE, request,
      "add address " + address.address + " to interface " + std::to_string(address.ifindex));
  if (!answer) return answer.error();
  return {};
}

}  // namespace smc::node
