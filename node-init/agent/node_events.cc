#include "node-init/agent/node_events.h"

#include <algorithm>
#include <cerrno>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "base/log.h"
#include "node-init/kernel/netlink.h"

namespace smc::node {
namespace {

// RDMA_NL_GROUP_NOTIFY of rdma/rdma_netlink.h, as a bit. Kernels before 6.12 send nothing there;
// the device events below come from all.
constexpr std::uint32_t kRdmaNotifyGroup = 1U << 3;

// The kernel's own device events; udev's are group 2.
constexpr std::uint32_t kKernelUeventGroup = 1;

// A burst, such as a hundred pods that start at once, is taken in with one call.
constexpr int kMaxDatagrams = 1'000;

std::optional<int> interface_of(const NetlinkMessage& message) {
  if (message.type == RTM_NEWLINK || message.type == RTM_DELLINK) {
    const auto head = fixed_part<ifinfomsg>(message);
    return head ? std::optional(head->ifi_index) : std::nullopt;
  }
  if (message.type == RTM_NEWADDR || message.type == RTM_DELADDR) {
    const auto head = fixed_part<ifaddrmsg>(message);
    return head ? std::optional(static_cast<int>(head->ifa_index)) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

bool link_event_concerns(std::string_view datagram, const std::set<int>& ifindexes) {
  const auto messages = netlink_messages(datagram);
  if (!messages) return true;
  return std::any_of(messages->begin(), messages->end(), [&](const NetlinkMessage& message) {
    const auto index = interface_of(message);
    return index && ifindexes.contains(*index);
  });
}

bool is_rdma_uevent(std::string_view datagram) {
  using namespace std::string_view_literals;
  // "add@/devices/…\0ACTION=add\0SUBSYSTEM=infiniband\0…" (lib/kobject_uevent.c)
  return datagram.find("\0SUBSYSTEM=infiniband\0"sv) != std::string_view::npos;
}

std::array<NodeEvents::Source, 3> NodeEvents::make_sources() {
  return {Source{NETLINK_ROUTE, RTMGRP_LINK | RTMGRP_IPV4_IFADDR, link_event_concerns, nullptr},
          Source{NETLINK_RDMA, kRdmaNotifyGroup,
                 [](std::string_view, const std::set<int>&) { return true; }, nullptr},
          Source{NETLINK_KOBJECT_UEVENT, kKernelUeventGroup,
                 [](std::string_view datagram, const std::set<int>&) {
                   return is_rdma_uevent(datagram);
                 },
                 nullptr}};
}

void NodeEvents::open() {
  for (Source& source : sources_) {
    if (source.socket) continue;
    auto socket = system_.open_netlink(source.protocol, source.groups);
    if (socket)
      source.socket = std::move(*socket);
    else
      // Without ib_core there is no NETLINK_RDMA; the period stands in.
      log::debug("no events",
                 {{"netlink_protocol", source.protocol}, {"error", socket.error().text()}});
  }
}

std::vector<int> NodeEvents::descriptors() const {
  std::vector<int> all;
  for (const Source& source : sources_)
    if (source.socket) all.push_back(source.socket->descriptor());
  return all;
}

bool NodeEvents::drain(const std::set<int>& ifindexes) {
  bool concerned = false;
  for (Source& source : sources_)
    if (source.socket && drain(source, ifindexes)) concerned = true;
  return concerned;
}

bool NodeEvents::drain(Source& source, const std::set<int>& ifindexes) {
  bool concerned = false;
  for (int i = 0; i < kMaxDatagrams; ++i) {
    const auto datagram = source.socket->receive(std::chrono::milliseconds(0));
    if (datagram) {
      concerned = source.concerns(*datagram, ifindexes) || concerned;
      continue;
    }
    if (datagram.error().code == ETIMEDOUT) return concerned;
    concerned = true;
    if (datagram.error().code == ENOBUFS) continue;  // some were lost, the rest is still there
    log::warn("events ended", {{"error", datagram.error().text()}});
    source.socket.reset();
    return true;
  }
  return concerned;
}

}  // namespace smc::node
