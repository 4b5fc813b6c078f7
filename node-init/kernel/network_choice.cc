#include "node-init/kernel/network_choice.h"

#include <algorithm>
#include <cerrno>

#include "base/json_text.h"
#include "node-init/kernel/pnet_table.h"

namespace smc::node {
namespace {

// Of a user's value in a message.
constexpr std::size_t kShownCharacters = 40;

std::string join(const std::vector<std::string>& parts, std::string_view separator = ", ") {
  std::string text;
  for (const std::string& part : parts) {
    if (!text.empty()) text += separator;
    text += part;
  }
  return text;
}

bool knows(const std::vector<SmcDevice>& devices, const std::string& name) {
  return std::any_of(devices.begin(), devices.end(),
                     [&](const SmcDevice& device) { return device.name == name; });
}

// Why SMC did not take the RDMA devices that it does not list; "" if it took all.
std::string not_taken(const std::vector<SmcDevice>& devices, const std::vector<RdmaDevice>& rdma) {
  std::vector<std::string> refused;
  for (const RdmaDevice& device : rdma)
    if (!knows(devices, device.name))
      refused.push_back(device.name + " is of type " + device.node_type +
                        (device.is_ib_ca ? "" : ", SMC takes CA alone"));
  return join(refused, "; ");
}

// No active port has a pnetid.
Error no_candidate(const std::vector<SmcDevice>& devices, const std::vector<RdmaDevice>& rdma) {
  const std::string refused = not_taken(devices, rdma);
  if (devices.empty() && !refused.empty())
    return {"SMC uses none of this node's RDMA devices: " + refused, 0,
            "for eRDMA use the driver of Alibaba Cloud, which registers it as CA (mainline's does "
            "so from "
            "some 7.x on, for RoCE v2 devices); for others a RoCE adapter is needed"};
  if (devices.empty())
    return {"this node has no RDMA device", 0,
            "attach an elastic RDMA interface (eRDMA) or use a node with a RoCE adapter, and load "
            "its driver"};
  return {
      "no active RDMA port has a pnetid; SMC's ports: " + describe_ports(devices), 0,
      "the node gives its device a pnetid: run smc-node-agent there, and check that the port is "
      "up"};
}

}  // namespace

std::string describe_ports(const std::vector<SmcDevice>& devices) {
  std::vector<std::string> ports;
  for (const SmcDevice& device : devices)
    for (const SmcPort& port : device.ports)
      ports.push_back(device.name + " port " + std::to_string(port.number) +
                      (port.active ? ": active, " : ": down, ") +
                      (port.pnetid.empty() ? "no pnetid" : "pnetid " + port.pnetid));
  return ports.empty() ? "none" : join(ports, "; ");
}

Result<PnetidChoice> choose_pnetid(const PnetidRequest& asked,
                                   const std::vector<SmcDevice>& devices,
                                   const std::vector<RdmaDevice>& rdma) {
  const std::string& wanted = asked.flag.empty() ? asked.environment : asked.flag;
  if (!wanted.empty()) {
    const std::string source = asked.flag.empty() ? "SMCR_PNET" : "--pnetid";
    const auto normal = normal_pnetid(wanted);
    if (normal) return PnetidChoice{*normal, source};
    return Error{source + " is no pnetid: \"" + printable(wanted, kShownCharacters) + "\"", 0,
                 "1 to 16 letters and digits"};
  }
  const auto candidates = active_pnetids(devices);
  if (candidates.size() == 1)
    return PnetidChoice{candidates.front(), "the only one of the active RDMA ports"};
  if (candidates.empty()) return no_candidate(devices, rdma);
  return Error{"active RDMA ports have several pnetids: " + join(candidates), 0,
               "choose one with --pnetid or SMCR_PNET"};
}

Result<DevicePort> active_port(const std::string& pnetid, const std::vector<SmcDevice>& devices,
                               const std::vector<RdmaDevice>& rdma) {
  for (const SmcDevice& device : devices)
    for (const SmcPort& port : device.ports)
      if (port.active && port.pnetid == pnetid) return DevicePort{device.name, port};
  const auto candidates = active_pnetids(devices);
  if (candidates.empty()) {
    Error error = no_candidate(devices, rdma);
    error.what = "no active RDMA port has the pnetid " + pnetid + ": " + error.what;
    return error;
  }
  return Error{
      "no active RDMA port has the pnetid " + pnetid + ", but there is " + join(candidates), 0,
      "name one that an active port has, or leave --pnetid and SMCR_PNET away"};
}

Result<InterfaceChoice> choose_interface(const std::string& asked, const std::vector<Link>& links,
                                         std::optional<int> default_route) {
  if (!asked.empty()) {
    if (const auto link = link_named(links, asked)) return InterfaceChoice{*link, "--interface"};
  } else {
    for (const Link& link : links)
      if (default_route && link.index == *default_route)
        return InterfaceChoice{link, "it has the default route"};
    if (const auto link = link_named(links, "eth0"))
      return InterfaceChoice{*link, "no interface has a default route"};
  }
  std::vector<std::string> names;
  for (const Link& link : links) names.push_back(link.name);
  return Error{"there is no interface " +
                   (asked.empty() ? "eth0" : printable(asked, kShownCharacters)) +
                   " in this network namespace, but " + join(names),
               0, "name one with --interface"};
}

std::string interface_doubt(const Link& link) {
  if (link.lower_index == 0) return "";
  return link.name + " is of kind " + link.kind + " on top of a device" +
         (link.lower_elsewhere ? " of another namespace" : "") +
         ", whose pnetid counts first: 6.12 then takes this one, older kernels may not";
}

}  // namespace smc::node
