#include "test/node-init/kernel/fake_messages.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>

#include <arpa/inet.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/smc.h>
#include <linux/smc_diag.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <rdma/rdma_netlink.h>

#include "test/node-init/kernel/netlink_bytes.h"

namespace smc::node::test {
namespace {

std::string port_message(int type, const SmcPort& port) {
  return nested(
      type, u8_attribute(SMC_NLA_DEV_PORT_PNET_USR, port.pnetid_by_user ? 1 : 0) +
                text_attribute(SMC_NLA_DEV_PORT_PNETID, port.pnetid) +
                u32_attribute(SMC_NLA_DEV_PORT_NETDEV, static_cast<std::uint32_t>(port.ifindex)) +
                u8_attribute(SMC_NLA_DEV_PORT_VALID, 1) +
                u8_attribute(SMC_NLA_DEV_PORT_STATE, port.active ? 1 : 0));
}

template <std::size_t N>
void fill(__u8 (&field)[N], const std::string& text) {
  std::memcpy(field, text.data(), std::min(text.size(), N));
}

}  // namespace

std::string device_message(const SmcDevice& device) {
  std::string content =
      u8_attribute(SMC_NLA_DEV_IS_CRIT, 0) + text_attribute(SMC_NLA_DEV_IB_NAME, device.name);
  for (const SmcPort& port : device.ports)
    content += port_message(port.number == 1 ? SMC_NLA_DEV_PORT : SMC_NLA_DEV_PORT2, port);
  return generic(kSmcFamily, SMC_NETLINK_GET_DEV_SMCR, nested(SMC_GEN_DEV_SMCR, content));
}

// One message a reason; the first one of a side carries the totals, as the kernel does it.
std::string fallback_messages(const FallbackStats& stats) {
  std::string all;
  for (const Side side : {Side::kClient, Side::kServer}) {
    bool first = true;
    for (const FallbackReason& reason : stats.reasons) {
      if (reason.side != side) continue;
      std::string content = u8_attribute(SMC_NLA_FBACK_STATS_TYPE, side == Side::kServer ? 1 : 0);
      if (first)
        content += u64_attribute(SMC_NLA_FBACK_STATS_SRV_CNT, stats.server_total) +
                   u64_attribute(SMC_NLA_FBACK_STATS_CLNT_CNT, stats.client_total);
      first = false;
      content += u32_attribute(SMC_NLA_FBACK_STATS_RSN_CODE, reason.code) +
                 u16_attribute(SMC_NLA_FBACK_STATS_RSN_CNT, reason.count);
      all += generic(kSmcFamily, SMC_NETLINK_GET_FBACK_STATS, nested(SMC_GEN_FBACK_STATS, content));
    }
  }
  return all;
}

std::string traffic_message(const TrafficStats& stats) {
  const std::string smcr = u64_attribute(SMC_NLA_STATS_T_CLNT_V1_SUCC, stats.client_v1) +
                           u64_attribute(SMC_NLA_STATS_T_CLNT_V2_SUCC, stats.client_v2) +
                           u64_attribute(SMC_NLA_STATS_T_SRV_V1_SUCC, stats.server_v1) +
                           u64_attribute(SMC_NLA_STATS_T_SRV_V2_SUCC, stats.server_v2) +
                           u64_attribute(SMC_NLA_STATS_T_RX_BYTES, stats.received_bytes) +
                           u64_attribute(SMC_NLA_STATS_T_TX_BYTES, stats.sent_bytes);
  const std::string content =
      nested(SMC_NLA_STATS_SMCR_TECH, smcr) +
      u64_attribute(SMC_NLA_STATS_CLNT_HS_ERR_CNT, stats.client_handshake_errors) +
      u64_attribute(SMC_NLA_STATS_SRV_HS_ERR_CNT, stats.server_handshake_errors);
  return generic(kSmcFamily, SMC_NETLINK_GET_STATS, nested(SMC_GEN_STATS, content));
}

std::string link_message(const Link& link) {
  ifinfomsg head{};
  head.ifi_index = link.index;
  head.ifi_flags = link.up ? IFF_UP : 0;
  std::array<unsigned, 6> mac{};
  std::sscanf(link.mac.c_str(), "%x:%x:%x:%x:%x:%x", &mac[0], &mac[1], &mac[2], &mac[3], &mac[4],
              &mac[5]);
  std::string mac_bytes;
  for (const unsigned byte : mac) mac_bytes += static_cast<char>(byte);
  std::string content = text_attribute(IFLA_IFNAME, link.name) + attribute(IFLA_ADDRESS, mac_bytes);
  if (!link.kind.empty())
    content += nested(IFLA_LINKINFO, text_attribute(IFLA_INFO_KIND, link.kind));
  if (link.lower_index != 0)
    content += u32_attribute(IFLA_LINK, static_cast<std::uint32_t>(link.lower_index));
  if (link.lower_elsewhere) content += u32_attribute(IFLA_LINK_NETNSID, 0);
  return message(RTM_NEWLINK, raw(head) + content, NLM_F_MULTI);
}

std::string address_message(const Ipv4Address& address) {
  ifaddrmsg head{};
  head.ifa_family = AF_INET;
  head.ifa_index = static_cast<unsigned>(address.ifindex);
  head.ifa_prefixlen = static_cast<std::uint8_t>(address.prefix_length);
  in_addr binary{};
  ::inet_pton(AF_INET, address.address.c_str(), &binary);
  return message(RTM_NEWADDR, raw(head) + attribute(IFA_LOCAL, raw(binary)), NLM_F_MULTI);
}

std::string default_route_message(int ifindex) {
  rtmsg head{};
  head.rtm_family = AF_INET;
  head.rtm_type = RTN_UNICAST;
  head.rtm_table = RT_TABLE_MAIN;
  return message(RTM_NEWROUTE,
                 raw(head) + u32_attribute(RTA_OIF, static_cast<std::uint32_t>(ifindex)),
                 NLM_F_MULTI);
}

std::string rdma_device_message(std::uint32_t index, const RdmaDevice& device) {
  const std::uint8_t type = device.is_ib_ca ? RDMA_NODE_IB_CA : RDMA_NODE_RNIC;
  return message(RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, RDMA_NLDEV_CMD_GET),
                 u32_attribute(RDMA_NLDEV_ATTR_DEV_INDEX, index) +
                     text_attribute(RDMA_NLDEV_ATTR_DEV_NAME, device.name) +
                     u8_attribute(RDMA_NLDEV_ATTR_DEV_NODE_TYPE, type),
                 NLM_F_MULTI);
}

std::string rdma_resources_message(const std::string& device, std::uint64_t queue_pairs) {
  const auto entry = [](const std::string& name, std::uint64_t count) {
    return nested(RDMA_NLDEV_ATTR_RES_SUMMARY_ENTRY,
                  text_attribute(RDMA_NLDEV_ATTR_RES_SUMMARY_ENTRY_NAME, name) +
                      u64_attribute(RDMA_NLDEV_ATTR_RES_SUMMARY_ENTRY_CURR, count));
  };
  // In the kernel's order: what is wanted is not the first entry.
  return message(RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, RDMA_NLDEV_CMD_RES_GET),
                 text_attribute(RDMA_NLDEV_ATTR_DEV_NAME, device) +
                     nested(RDMA_NLDEV_ATTR_RES_SUMMARY,
                            entry("pd", 2) + entry("cq", 3) + entry("qp", queue_pairs)),
                 NLM_F_MULTI);
}

std::string rdma_port_message(const RdmaPort& port) {
  std::string content =
      u32_attribute(RDMA_NLDEV_ATTR_PORT_INDEX, static_cast<std::uint32_t>(port.number)) +
      u8_attribute(RDMA_NLDEV_ATTR_PORT_STATE, port.active ? 4 : 1);
  if (!port.netdev.empty())
    content += u32_attribute(RDMA_NLDEV_ATTR_NDEV_INDEX, static_cast<std::uint32_t>(port.ifindex)) +
               text_attribute(RDMA_NLDEV_ATTR_NDEV_NAME, port.netdev);
  return message(RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, RDMA_NLDEV_CMD_PORT_GET), content, NLM_F_MULTI);
}

std::string socket_message(const SmcSocket& socket) {
  smc_diag_msg head{};
  head.diag_family = AF_SMC;
  head.diag_state = static_cast<std::uint8_t>(socket.state);
  head.diag_mode = socket.mode == SocketMode::kTcp    ? SMC_DIAG_MODE_FALLBACK_TCP
                   : socket.mode == SocketMode::kSmcD ? SMC_DIAG_MODE_SMCD
                                                      : SMC_DIAG_MODE_SMCR;
  ::inet_pton(AF_INET, socket.local_address.c_str(), &head.id.idiag_src[0]);
  ::inet_pton(AF_INET, socket.peer_address.c_str(), &head.id.idiag_dst[0]);
  head.id.idiag_sport = htons(socket.local_port);
  head.id.idiag_dport = htons(socket.peer_port);
  head.diag_inode = socket.inode;
  head.diag_uid = socket.uid;
  std::string content =
      attribute(SMC_DIAG_SHUTDOWN, std::string(1, '\0')) +
      attribute(SMC_DIAG_FALLBACK,
                raw(smc_diag_fallback{socket.fallback_reason, socket.peer_diagnosis}));
  if (!socket.device.empty()) {
    smc_diag_lgrinfo group{};
    fill(group.lnk[0].ibname, socket.device);
    group.lnk[0].ibport = static_cast<std::uint8_t>(socket.device_port);
    fill(group.lnk[0].gid, socket.gid);
    fill(group.lnk[0].peer_gid, socket.peer_gid);
    content += attribute(SMC_DIAG_LGRINFO, raw(group));
  }
  return message(SOCK_DIAG_BY_FAMILY, raw(head) + content, NLM_F_MULTI);
}

}  // namespace smc::node::test
