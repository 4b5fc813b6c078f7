#include "node-init/kernel/fallback_codes.h"

#include <algorithm>
#include <cstdio>

namespace smc::node {
namespace {

constexpr std::string_view kIsmOnly =
    "SMC-D and ISM exist on mainframes only; nothing to do for SMC-R";
constexpr std::string_view kReport = "look at the kernel's log of this moment and report it";

constexpr FallbackCode kCodes[] = {
    {0x01010000, "memory", "MEM", "no memory for the connection's buffers",
     "lower net.smc.rmem and net.smc.wmem, or free memory on the node"},
    {0x02010000, "confirm_link_timeout", "TIMEOUT_CL",
     "the first message over the new RDMA link was not confirmed in time",
     "RDMA packets do not get through: check the RDMA port, the path between the nodes (UDP 4791 "
     "for RoCE v2) and the security groups"},
    {0x02020000, "add_link_timeout", "TIMEOUT_AL", "a second RDMA link was not confirmed in time",
     "check the second RDMA port, or set net.smc.smcr_max_links_per_lgr=1"},
    {0x03000000, "configuration", "CNFERR", "the addresses of this end could not be found out",
     "check the IPv4 address and prefix of the interface"},
    {0x03010000, "peer_no_smc", "PEERNOSMC",
     "the peer does not speak SMC, or something on the way removed the "
     "TCP option that says so",
     "switch SMC on at the other end too; for a pod: annotation "
     "smc.asm.alibabacloud.com/enabled: \"true\". A server also leaves the option out while "
     "handshakes queue up, where net.smc.limit_smc_hs (limit_handshake) is 1, and where a program "
     "of "
     "net.smc.hs_ctrl says so"},
    {0x03020000, "ipsec", "IPSEC", "the connection is protected by IPsec, which SMC cannot carry",
     "take this connection out of the IPsec policy, or leave it on TCP"},
    {0x03030000, "no_device", "NOSMCDEV",
     "no RDMA device was found for this connection: wrong or no pnetid at the interface, no active "
     "port, no UEID in common, or not IPv4",
     "compare the pnetids of interface and device with 'smc-node-init status'; connections over "
     "IPv6 and to 127.0.0.1 always fall back, IPv6 sockets to IPv4 addresses on 6.12 and older "
     "mainline kernels (6.17 was seen to take them, Alibaba Cloud Linux 3 does from "
     "5.10.134-17.3)"},
    {0x03030001, "no_smcd_device", "NOSMCDDEV", "no SMC-D device was found", kIsmOnly},
    {0x03030002, "no_smcr_device", "NOSMCRDEV",
     "the server found no RDMA device for this connection: no pnetid at its interface, or the "
     "pod's "
     "address is not in the subnet of the device's own interface",
     "run 'smc-node-init check' in the server's pod, and check the pod's address and the device's "
     "interface on its node"},
    {0x03030003, "no_ismv2", "NOISM2SUPP", "the hardware has no ISM version 2", kIsmOnly},
    {0x03030004, "no_v2_extension", "NOV2EXT",
     "the peer's proposal lacks the part for SMC version 2",
     "the ends run kernels of different age: bring both to the same one"},
    {0x03030005, "no_smcd_v2_extension", "NOV2DEXT",
     "the peer's proposal lacks the part for SMC-D version 2", kIsmOnly},
    {0x03030006, "no_seid", "NOSEID", "the peer sent no system EID", kIsmOnly},
    {0x03030007, "no_smcd_v2_device", "NOSMCD2DEV", "no device for SMC-D version 2 was found",
     kIsmOnly},
    {0x03030008, "no_ueid", "NOUEID", "the ends have no UEID in common",
     "give both nodes the same UEID: smc-node-agent run --ueid NAME"},
    {0x03030009, "release", "RELEASEERR", "the ends found no release of SMC in common",
     "bring the kernels of both nodes to the same release"},
    {0x0303000a, "max_connections", "MAXCONNERR",
     "the ends disagree about the connections of a link group",
     "set net.smc.smcr_max_conns_per_lgr to the same value in both namespaces"},
    {0x0303000b, "max_links", "MAXLINKERR", "the ends disagree about the links of a link group",
     "set net.smc.smcr_max_links_per_lgr to the same value in both namespaces"},
    {0x03040000, "mode_mismatch", "MODEUNSUPP", "one end has SMC-R alone, the other SMC-D alone",
     "both ends need RDMA devices"},
    {0x03050000, "eyecatcher", "RMBE_EC",
     "the peer asks for an eyecatcher in its buffers, which Linux lacks",
     "the peer runs another operating system: nothing to do here"},
    {0x03060000, "socket_option", "OPTUNSUPP",
     "the program uses TCP Fast Open or another option that SMC lacks",
     "switch TCP Fast Open off in the program, or leave it on TCP"},
    {0x03070000, "prefix_mismatch", "DIFFPREFIX",
     "the ends are not in one IP subnet, which SMC version 1 demands",
     "use SMC version 2: a UEID in common on both nodes"},
    {0x03080000, "vlan_of_interface", "GETVLANERR", "the interface's VLAN could not be found out",
     "check the VLAN interface below the pod's interface"},
    {0x03090000, "vlan_of_ism", "ISMVLANERR",
     "the VLAN could not be registered with the ISM device", kIsmOnly},
    {0x030a0000, "no_active_link", "NOACTLINK", "the link group has no active RDMA link left",
     "check the state of the RDMA port on both nodes; new connections build a new group"},
    {0x030b0000, "no_server_link", "NOSRVLINK",
     "the server named an RDMA link that the client does not have",
     "usually passes with the next connection; if not, restart the program that keeps the old "
     "ones"},
    {0x030c0000, "version_mismatch", "VERSMISMAT", "the ends speak different versions of SMC",
     "bring the kernels of both nodes to the same release"},
    {0x030d0000, "smcd_limit", "MAX_DMB", "the SMC-D device has no buffer left", kIsmOnly},
    {0x030e0000, "no_route", "NOROUTE", "no route from the RDMA device to the peer's",
     "the RDMA devices' interfaces need IP routes to each other"},
    {0x030f0000, "indirect_mismatch", "NOINDIRECT",
     "one end would reach the other through a router, the other would not",
     "check the netmasks of the RDMA devices' interfaces on both nodes"},
    {0x04000000, "synchronisation", "SYNCERR", "the ends disagree about the link group they share",
     "usually passes: the kernel drops the group and builds a new one"},
    {0x05000000, "peer_declined", "PEERDECL", "the peer declined during the handshake",
     "the peer's own code says why: the number after the slash, or its own 'smc-node-init status'"},
    {0x09990000, "internal", "INTERR", "an internal error of the kernel's SMC", kReport},
    {0x09990001, "rtoken", "ERR_RTOK", "the peer's buffer could not be registered",
     "the RDMA device may have run out of memory regions: fewer connections, or a larger device"},
    {0x09990002, "ready_link", "ERR_RDYLNK", "the RDMA link could not be made ready",
     "check the RDMA port and its address on both nodes; the kernel's log may say more"},
    {0x09990003, "register_buffer", "ERR_REGBUF",
     "a buffer could not be registered with the RDMA device",
     "the device may have run out of memory regions, or net.smc.smcr_buf_type does not suit it"},
};

}  // namespace

std::span<const FallbackCode> fallback_codes() {
  return kCodes;
}

const FallbackCode* find_fallback_name(std::string_view name) {
  const auto is_own = [&](const FallbackCode& entry) { return entry.name == name; };
  const auto is_kernels = [&](const FallbackCode& entry) {
    return name.starts_with(kKernelPrefix) &&
           name.substr(kKernelPrefix.size()) == entry.kernel_name;
  };
  for (const FallbackCode& entry : kCodes)
    if (is_own(entry) || is_kernels(entry)) return &entry;
  return nullptr;
}

const FallbackCode* find_fallback_code(std::uint32_t code) {
  const auto* found = std::lower_bound(
      std::begin(kCodes), std::end(kCodes), code,
      [](const FallbackCode& entry, std::uint32_t wanted) { return entry.code < wanted; });
  return found != std::end(kCodes) && found->code == code ? found : nullptr;
}

std::string describe_fallback(std::uint32_t code) {
  char number[11];
  std::snprintf(number, sizeof number, "0x%08x", code);
  const FallbackCode* known = find_fallback_code(code);
  if (known == nullptr) return number;
  return std::string(number) + " (" + std::string(known->meaning) + ")";
}

}  // namespace smc::node
