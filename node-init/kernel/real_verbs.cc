// libibverbs. Apart from the rest of the library because the static program compiles it a second
// time, with RDMA_STATIC_PROVIDERS, to have its providers linked in.
#include <array>
#include <cerrno>
#include <memory>

#include <arpa/inet.h>
#include <infiniband/verbs.h>

#include "node-init/kernel/real_system.h"

namespace smc::node {
namespace {

// A GID table of RoCE has a few entries per address; mlx5's tables hold 256.
constexpr std::size_t kMaxGids = 256;

struct CloseDevice {
  void operator()(ibv_context* context) const { ibv_close_device(context); }
};
struct FreeList {
  void operator()(ibv_device** list) const { ibv_free_device_list(list); }
};

std::string node_type_name(ibv_node_type type) {
  switch (type) {
    case IBV_NODE_CA:
      return "CA";
    case IBV_NODE_RNIC:
      return "RNIC";
    default:
      return ibv_node_type_str(type);
  }
}

std::string port_state_name(ibv_port_state state) {
  switch (state) {
    case IBV_PORT_ACTIVE:
      return "active";
    case IBV_PORT_DOWN:
      return "down";
    case IBV_PORT_INIT:
      return "init";
    case IBV_PORT_ARMED:
      return "armed";
    default:
      return "unknown";
  }
}

std::string gid_type_name(std::uint32_t type) {
  switch (type) {
    case IBV_GID_TYPE_IB:
      return "IB";
    case IBV_GID_TYPE_ROCE_V1:
      return "RoCE v1";
    case IBV_GID_TYPE_ROCE_V2:
      return "RoCE v2";
    default:
      return "unknown";
  }
}

void add_ports(ibv_context* context, std::uint8_t count, VerbsDevice& device) {
  for (std::uint8_t number = 1; number <= count; ++number) {
    ibv_port_attr attributes{};
    if (ibv_query_port(context, number, &attributes) != 0) continue;
    // enum ibv_mtu: 1 is 256 bytes, each step doubles it.
    device.ports.push_back(
        {number, port_state_name(attributes.state), 128 << attributes.active_mtu});
    if (number == UINT8_MAX) break;
  }
}

void add_gids(ibv_context* context, VerbsDevice& device) {
  std::array<ibv_gid_entry, kMaxGids> table{};
  const ssize_t count = ibv_query_gid_table(context, table.data(), table.size(), 0);
  for (ssize_t i = 0; i < count; ++i) {
    const ibv_gid_entry& entry = table[static_cast<std::size_t>(i)];
    char text[INET6_ADDRSTRLEN];
    ::inet_ntop(AF_INET6, entry.gid.raw, text, sizeof text);
    device.gids.push_back(
        {entry.port_num, entry.gid_index, text, gid_type_name(entry.gid_type), entry.ndev_ifindex});
  }
}

VerbsDevice read_device(ibv_device* listed) {
  VerbsDevice device;
  device.name = ibv_get_device_name(listed);
  device.node_type = node_type_name(listed->node_type);
  const std::unique_ptr<ibv_context, CloseDevice> context(ibv_open_device(listed));
  ibv_device_attr attributes{};
  if (!context) {
    device.problem = Error{"open " + device.name, errno, {}}.text();
  } else if (const int failed = ibv_query_device(context.get(), &attributes); failed != 0) {
    device.problem = Error{"query " + device.name, failed, {}}.text();
  } else {
    device.firmware = attributes.fw_ver;
    device.vendor = attributes.vendor_id;
    device.part = attributes.vendor_part_id;
    device.max_qp = attributes.max_qp;
    add_ports(context.get(), attributes.phys_port_cnt, device);
    add_gids(context.get(), device);
  }
  return device;
}

}  // namespace

Result<std::vector<VerbsDevice>> real_verbs_devices() {
  int count = 0;
  const std::unique_ptr<ibv_device*[], FreeList> list(ibv_get_device_list(&count));
  std::vector<VerbsDevice> devices;
  if (!list && errno == ENOSYS) return devices;  // no RDMA in this kernel
  if (!list) return Error{"list the devices of libibverbs", errno, {}};
  for (int i = 0; i < count; ++i) devices.push_back(read_device(list[static_cast<std::size_t>(i)]));
  return devices;
}

}  // namespace smc::node
