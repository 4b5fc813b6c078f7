#include "node-init/kernel/smc_devices.h"

#include <algorithm>
#include <iterator>

#include <linux/genetlink.h>
#include <linux/smc.h>

#include "node-init/kernel/smc_netlink.h"

namespace smc::node {
namespace {

int number(const Attributes& attributes, int type) {
  return static_cast<int>(attributes.integer(type).value_or(0));
}

// False where the device has no such port.
bool read_port(const Attributes& port, SmcPort& out) {
  if (port.integer(SMC_NLA_DEV_PORT_VALID).value_or(0) == 0) return false;
  out.pnetid = port.text(SMC_NLA_DEV_PORT_PNETID).value_or("");
  out.pnetid_by_user = port.integer(SMC_NLA_DEV_PORT_PNET_USR).value_or(0) != 0;
  out.ifindex = number(port, SMC_NLA_DEV_PORT_NETDEV);
  // Not an IB port state, but the kernel's smc_ib_port_active().
  out.active = port.integer(SMC_NLA_DEV_PORT_STATE) == 1;
  // Padded with spaces where the hardware itself names it.
  out.pnetid.erase(out.pnetid.find_last_not_of(' ') + 1);
  return true;
}

}  // namespace

Result<std::vector<SmcDevice>> smc_devices(System& system) {
  const auto answer = smc_dump(system, SMC_NETLINK_GET_DEV_SMCR, "list the devices of SMC-R");
  if (!answer) return answer.error();
  std::vector<SmcDevice> devices;
  for (const NetlinkMessage& message : *answer) {
    const auto attributes = Attributes::after(message, GENL_HDRLEN).nested(SMC_GEN_DEV_SMCR);
    const auto name = attributes.text(SMC_NLA_DEV_IB_NAME);
    if (!name || name->empty()) continue;
    SmcDevice device;
    device.name = *name;
    // SMC_MAX_PORTS is 2 in the kernel's smc_ib.h.
    for (const int index : {1, 2}) {
      SmcPort port;
      port.number = index;
      const int type = index == 1 ? SMC_NLA_DEV_PORT : SMC_NLA_DEV_PORT2;
      if (read_port(attributes.nested(type), port)) device.ports.push_back(std::move(port));
    }
    devices.push_back(std::move(device));
  }
  return devices;
}

std::vector<std::string> active_pnetids(const std::vector<SmcDevice>& devices) {
  std::vector<std::string> pnetids;
  for (const SmcDevice& device : devices)
    for (const SmcPort& port : device.ports)
      if (port.active && !port.pnetid.empty()) pnetids.push_back(port.pnetid);
  std::sort(pnetids.begin(), pnetids.end());
  pnetids.erase(std::unique(pnetids.begin(), pnetids.end()), pnetids.end());
  return pnetids;
}

}  // namespace smc::node
