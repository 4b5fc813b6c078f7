// Which pnetid, which RDMA device and which interface a namespace gets, and why. Pure functions of
// what was read before; safe on any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "node-init/kernel/links.h"
#include "node-init/kernel/rdma_devices.h"
#include "node-init/kernel/smc_devices.h"

namespace smc::node {

// What the user asked for; both empty: choose.
struct PnetidRequest {
  std::string flag;         // --pnetid
  std::string environment;  // SMCR_PNET
};

struct PnetidChoice {
  std::string pnetid;
  std::string reason;  // "--pnetid", "SMCR_PNET", "the only one of the active ports"
};

// The flag, else the environment, else the only pnetid that active ports show. An error names the
// candidates, or says why there is none.
Result<PnetidChoice> choose_pnetid(const PnetidRequest& asked,
                                   const std::vector<SmcDevice>& devices,
                                   const std::vector<RdmaDevice>& rdma);

// The active device and port with this pnetid; an error says what is there instead.
struct DevicePort {
  std::string device;
  SmcPort port;
};
Result<DevicePort> active_port(const std::string& pnetid, const std::vector<SmcDevice>& devices,
                               const std::vector<RdmaDevice>& rdma);

// `asked` if it is there, else the interface with the default route, else eth0.
struct InterfaceChoice {
  Link link;
  std::string reason;
};
Result<InterfaceChoice> choose_interface(const std::string& asked, const std::vector<Link>& links,
                                         std::optional<int> default_route);

// What speaks against using the interface, "" if nothing: for a vlan, macvlan or ipvlan the kernel
// looks for the pnetid at the lowest device below it, in that one's namespace, and only then at the
// interface itself (seen on 6.12 for macvlan and ipvlan).
std::string interface_doubt(const Link& link);
inline constexpr const char* kLowerDeviceHint =
    "where connections fall back with 0x03030000, give that device the pnetid too, on the node";

// SMC's devices and ports on one line: "rxe0 port 1: active, pnetid PNA"; "none" without any.
std::string describe_ports(const std::vector<SmcDevice>& devices);

}  // namespace smc::node
