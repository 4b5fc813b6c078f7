#include "node-init/kernel/rdma_devices.h"

#include <cerrno>
#include <cstdlib>

#include <linux/netlink.h>
#include <rdma/rdma_netlink.h>

#include "node-init/kernel/netlink.h"

namespace smc::node {
namespace {

constexpr std::uint64_t kPortActive = 4;  // IB_PORT_ACTIVE of the kernel's ib_verbs.h

constexpr std::uint16_t nldev(int command) {
  return static_cast<std::uint16_t>(RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, command));
}

// enum rdma_nldev_attr's node types, in the words of rdma(8).
std::string node_type_name(std::uint64_t type) {
  static constexpr const char* kNames[] = {"unknown", "CA",    "switch",   "router",
                                           "RNIC",    "usNIC", "usNIC UDP"};
  return type < std::size(kNames) ? kNames[type] : "unspecified";
}

// enum ib_port_state
std::string port_state_name(std::uint64_t state) {
  static constexpr const char* kNames[] = {"NOP", "DOWN", "INIT", "ARMED", "ACTIVE", "DEFER"};
  return state < std::size(kNames) ? kNames[state] : "state " + std::to_string(state);
}

// "0x1ded\n" as a number; 0 where there is no such file.
std::uint16_t pci_number(System& system, const std::string& device, const std::string& file) {
  const auto text = system.read_file("/sys/class/infiniband/" + device + "/device/" + file);
  if (!text) return 0;
  return static_cast<std::uint16_t>(std::strtoul(text->c_str(), nullptr, 16));
}

Result<std::vector<RdmaPort>> ports_of(System& system, std::uint32_t device,
                                       const std::string& name) {
  NetlinkRequest request(nldev(RDMA_NLDEV_CMD_PORT_GET), NLM_F_DUMP);
  request.add_u32(RDMA_NLDEV_ATTR_DEV_INDEX, device);
  const auto answer =
      netlink_exchange(system, NETLINK_RDMA, request, "list the ports of RDMA device " + name);
  if (!answer) return answer.error();
  std::vector<RdmaPort> ports;
  for (const NetlinkMessage& message : *answer) {
    const auto attributes = Attributes::after(message, 0);
    RdmaPort port;
    port.number = static_cast<int>(attributes.integer(RDMA_NLDEV_ATTR_PORT_INDEX).value_or(0));
    const auto state = attributes.integer(RDMA_NLDEV_ATTR_PORT_STATE).value_or(0);
    port.active = state == kPortActive;
    port.state = port_state_name(state);
    port.netdev = attributes.text(RDMA_NLDEV_ATTR_NDEV_NAME).value_or("");
    port.ifindex = static_cast<int>(attributes.integer(RDMA_NLDEV_ATTR_NDEV_INDEX).value_or(0));
    if (port.number != 0) ports.push_back(std::move(port));
  }
  return ports;
}

bool no_rdma_at_all(const Error& error) {
  // No ib_core in the kernel: the netlink protocol itself is unknown, or nobody listens.
  return error.code == EPROTONOSUPPORT || error.code == ECONNREFUSED;
}

}  // namespace

Result<std::vector<RdmaDevice>> rdma_devices(System& system) {
  const NetlinkRequest request(nldev(RDMA_NLDEV_CMD_GET), NLM_F_DUMP);
  const auto answer = netlink_exchange(system, NETLINK_RDMA, request, "list the RDMA devices");
  std::vector<RdmaDevice> devices;
  if (!answer && no_rdma_at_all(answer.error())) return devices;
  if (!answer) return answer.error();
  for (const NetlinkMessage& message : *answer) {
    const auto attributes = Attributes::after(message, 0);
    const auto index = attributes.integer(RDMA_NLDEV_ATTR_DEV_INDEX);
    const auto name = attributes.text(RDMA_NLDEV_ATTR_DEV_NAME);
    if (!index || !name) continue;
    RdmaDevice device;
    device.name = *name;
    const auto type = attributes.integer(RDMA_NLDEV_ATTR_DEV_NODE_TYPE).value_or(0);
    device.node_type = node_type_name(type);
    device.is_ib_ca = type == RDMA_NODE_IB_CA;
    device.vendor = pci_number(system, *name, "vendor");
    device.device = pci_number(system, *name, "device");
    auto ports = ports_of(system, static_cast<std::uint32_t>(*index), *name);
    // It went away between the two questions.
    if (!ports && (ports.error().code == ENODEV || ports.error().code == EINVAL)) continue;
    if (!ports) return ports.error();
    device.ports = std::move(*ports);
    devices.push_back(std::move(device));
  }
  return devices;
}

Result<std::map<std::string, std::uint64_t>> queue_pairs_in_use(System& system) {
  const NetlinkRequest request(nldev(RDMA_NLDEV_CMD_RES_GET), NLM_F_DUMP);
  const auto answer =
      netlink_exchange(system, NETLINK_RDMA, request, "count the objects of the RDMA devices");
  std::map<std::string, std::uint64_t> counts;
  if (!answer && (no_rdma_at_all(answer.error()) || answer.error().code == EINVAL ||
                  answer.error().code == EOPNOTSUPP))
    return counts;
  if (!answer) return answer.error();
  for (const NetlinkMessage& message : *answer) {
    const auto attributes = Attributes::after(message, 0);
    const auto name = attributes.text(RDMA_NLDEV_ATTR_DEV_NAME);
    if (!name) continue;
    const auto summary = attributes.nested(RDMA_NLDEV_ATTR_RES_SUMMARY);
    for (const Attributes& entry : summary.all(RDMA_NLDEV_ATTR_RES_SUMMARY_ENTRY))
      if (entry.text(RDMA_NLDEV_ATTR_RES_SUMMARY_ENTRY_NAME) == "qp")
        counts[*name] = entry.integer(RDMA_NLDEV_ATTR_RES_SUMMARY_ENTRY_CURR).value_or(0);
  }
  return counts;
}

Result<bool> rdma_namespaces_shared(System& system) {
  const NetlinkRequest request(nldev(RDMA_NLDEV_CMD_SYS_GET), NLM_F_ACK);
  const auto answer =
      netlink_exchange(system, NETLINK_RDMA, request, "read the RDMA namespace mode");
  if (!answer) return answer.error();
  for (const NetlinkMessage& message : *answer)
    if (const auto mode = Attributes::after(message, 0).integer(RDMA_NLDEV_SYS_ATTR_NETNS_MODE))
      return *mode != 0;
  // Kernels before 5.2 know no modes and share.
  return true;
}

}  // namespace smc::node
