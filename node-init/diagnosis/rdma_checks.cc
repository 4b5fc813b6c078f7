#include "node-init/diagnosis/rdma_checks.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <optional>

#include "base/erdma_ports.h"
#include "node-init/diagnosis/kernel_checks.h"
#include "node-init/kernel/links.h"
#include "node-init/kernel/rdma_devices.h"
#include "node-init/kernel/rdma_gids.h"
#include "node-init/kernel/smc_devices.h"
#include "node-init/kernel/sysctl.h"
#include "node-init/kernel/ueid.h"

namespace smc::node {
namespace {

std::string port_text(const RdmaDevice& device, const RdmaPort& port) {
  return device.name + " port " + std::to_string(port.number);
}

bool has_active_port(const RdmaDevice& device) {
  return std::ranges::any_of(device.ports, &RdmaPort::active);
}

// What SMC can use: the devices that the checks below "rdma device" are about.
bool is_candidate(const RdmaDevice& device) {
  return device.is_ib_ca && has_active_port(device);
}

// What a device is and why SMC cannot use it; no hint where it can.
struct Judgement {
  std::string finding;
  std::string hint;
};
Judgement judge(const RdmaDevice& device, bool refused) {
  std::string text =
      device.name + (device.is_erdma() ? " (eRDMA)" : "") + " of type " + device.node_type;
  for (const RdmaPort& port : device.ports)
    text += ", port " + std::to_string(port.number) + " " + port.state +
            (port.netdev.empty() ? "" : " on " + port.netdev);
  if (!device.is_ib_ca)
    return {text + ": SMC takes type CA alone",
            device.is_erdma() ? "install Alibaba Cloud's erdma driver, which registers the device "
                                "as CA; mainline's does so from some 7.x on, for RoCE v2 devices"
                              : "use a RoCE adapter"};
  if (refused) return {text + ": SMC has not taken it in", "look for smc in the kernel's log"};
  if (!has_active_port(device)) return {text + ": no active port", "set the port's interface up"};
  return {text, ""};
}

// Nothing while SMC is not loaded: asking it would load it.
std::optional<std::vector<SmcDevice>> devices_taken(System& system) {
  if (!smc_is_loaded(system)) return std::nullopt;
  auto devices = smc_devices(system);
  if (!devices) return std::nullopt;
  return std::move(*devices);
}

// What the GIDs of one port allow.
struct PortAddresses {
  std::string finding;
  bool version_2 = false;
  bool version_1 = false;
  bool incomplete = false;  // an address of the port's interface has no GID
};
PortAddresses judge_gids(const std::string& port, const std::vector<RdmaGid>& gids,
                         const std::vector<std::string>& addresses) {
  PortAddresses result;
  std::string v2;
  for (const RdmaGid& gid : gids) {
    if (gid.is_roce_v2() && !gid.ipv4.empty()) v2 += (v2.empty() ? "" : ", ") + gid.ipv4;
    result.version_1 = result.version_1 || gid.is_roce_v1();
  }
  result.version_2 = !v2.empty();
  result.finding =
      port + (result.version_2   ? ": RoCE v2 for " + v2
              : result.version_1 ? ": RoCE v1 alone, so SMC version 1 within one IP subnet"
                                 : ": no address that SMC can use");
  for (const std::string& address : addresses) {
    const bool there = std::ranges::any_of(
        gids, [&](const RdmaGid& gid) { return gid.is_roce_v2() && gid.ipv4 == address; });
    if (there || !result.version_2) continue;
    result.incomplete = true;
    result.finding += ", none for " + address;
  }
  return result;
}

// The IPv4 addresses of a port's interface, where that is in this namespace, of which the kernel
// makes GIDs: on lo it does so of 127.0.0.1 alone (seen on 6.12 with soft-RoCE), and SMC takes
// that.
std::vector<std::string> addresses_of(const RdmaPort& port, const std::vector<Ipv4Address>& all) {
  std::vector<std::string> own;
  for (const Ipv4Address& address : all)
    if (!port.netdev.empty() && port.netdev != "lo" && address.ifindex == port.ifindex)
      own.push_back(address.address);
  return own;
}

std::string open_hint(int code) {
  switch (code) {
    case EPERM:
    case EACCES:
      return "give this container the device's file: run it privileged, or request the device";
    case ENOENT:
    case ENXIO:
    case ENODEV:
      return "load the module ib_uverbs on the node, and mount /dev/infiniband here";
    default:
      return "look for the device in the kernel's log";
  }
}

// Each pod has one link group as a client and one as a server at the least, with one peer node;
// each group has a queue pair for each of its links, of which the kernel makes two where it can
// (SMC_LINKS_PER_LGR_MAX_PREFER in its smc_core.h).
constexpr std::uint64_t kQueuePairsPerPod = 2 * 2;
// A device is nearly full from here on.
constexpr std::uint64_t kNearlyFullPercent = 90;

CheckResult judge_room(const std::string& device, std::uint64_t in_use, std::uint64_t room,
                       std::uint64_t pods) {
  const std::uint64_t needed = pods * kQueuePairsPerPod;
  const std::string text = device + ": " + std::to_string(in_use) + " of " + std::to_string(room) +
                           " in use; " + std::to_string(pods) + " pods need " +
                           std::to_string(needed) + " at the least";
  const std::string hint =
      "spread the pods over more nodes, or use a larger device; what finds no queue pair stays TCP";
  if (in_use >= room) return fail("queue pairs", text, hint);
  if (room < needed || in_use * 100 >= room * kNearlyFullPercent)
    return warn("queue pairs", text, hint);
  return pass("queue pairs", text);
}

// The worse of two results about different devices, with what both found.
CheckResult joined(const CheckResult& first, const CheckResult& second) {
  CheckResult result = first.verdict >= second.verdict ? first : second;
  result.finding = first.finding + "; " + second.finding;
  return result;
}

// "65500-65515" within a list such as "8080,65000-65535".
bool ranges_contain(std::string_view list, int first, int last) {
  std::size_t position = 0;
  while (position < list.size()) {
    const auto end = std::min(list.find(',', position), list.size());
    const std::string range(list.substr(position, end - position));
    const auto dash = range.find('-');
    const int from = std::atoi(range.c_str());
    const int to = dash == std::string::npos ? from : std::atoi(range.c_str() + dash + 1);
    if (from <= first && to >= last) return true;
    position = end + 1;
  }
  return false;
}

}  // namespace

CheckResult check_rdma_devices(System& system, const CheckOptions&) {
  const auto devices = rdma_devices(system);
  if (!devices) return unknown("rdma device", devices.error());
  if (devices->empty())
    return fail("rdma device", "none: this network namespace sees no RDMA device",
                "attach an elastic RDMA interface (eRDMA) or use a node with a RoCE adapter, and "
                "load its driver; where RDMA namespaces are exclusive: rdma system set netns "
                "shared");
  const auto taken = devices_taken(system);
  std::string finding;
  std::string hint;
  bool one_works = false;
  for (const RdmaDevice& device : *devices) {
    const bool refused = taken && std::ranges::none_of(*taken, [&](const SmcDevice& candidate) {
                           return candidate.name == device.name;
                         });
    const Judgement judgement = judge(device, refused);
    finding += (finding.empty() ? "" : "; ") + judgement.finding;
    if (judgement.hint.empty()) one_works = true;
    if (hint.empty()) hint = judgement.hint;
  }
  if (hint.empty()) return pass("rdma device", finding);
  // One device that works is enough; the others are told.
  return one_works ? warn("rdma device", finding, hint) : fail("rdma device", finding, hint);
}

CheckResult check_rdma_sharing(System& system, const CheckOptions&) {
  const auto shared = rdma_namespaces_shared(system);
  if (!shared) return unknown("rdma sharing", shared.error());
  if (*shared) return pass("rdma sharing", "shared");
  return fail("rdma sharing", "exclusive: pods do not see the device",
              "options ib_core netns_mode=1 in /etc/modprobe.d and a reboot; rdma system set netns "
              "shared works only before the first pod");
}

CheckResult check_gids(System& system, const CheckOptions&) {
  const auto devices = rdma_devices(system);
  if (!devices || std::ranges::none_of(*devices, is_candidate))
    return blocked("gids", "rdma device");
  const auto addresses = ipv4_addresses(system);
  if (!addresses) return unknown("gids", addresses.error());
  std::string finding;
  PortAddresses all;
  for (const RdmaDevice& device : *devices)
    for (const RdmaPort& port : device.ports) {
      if (!is_candidate(device) || !port.active) continue;
      const auto gids = rdma_gids(system, device.name, port.number);
      if (!gids) return unknown("gids", gids.error());
      const auto judged =
          judge_gids(port_text(device, port), *gids, addresses_of(port, *addresses));
      finding += (finding.empty() ? "" : "; ") + judged.finding;
      all.version_2 = all.version_2 || judged.version_2;
      all.version_1 = all.version_1 || judged.version_1;
      all.incomplete = all.incomplete || judged.incomplete;
    }
  const std::string hint =
      "give the port's own interface an IPv4 address: the kernel makes RoCE v2 addresses of those";
  if (!all.version_2 && !all.version_1) return fail("gids", finding, hint);
  if (!all.version_2) return warn("gids", finding, hint);
  if (all.incomplete)
    return warn("gids", finding, "set the interface down and up: its addresses are made anew");
  return pass("gids", finding);
}

CheckResult check_queue_pairs(System& system, const CheckOptions& options) {
  const auto devices = rdma_devices(system);
  if (!devices || std::ranges::none_of(*devices, is_candidate))
    return blocked("queue pairs", "rdma device");
  const auto counts = queue_pairs_in_use(system);
  if (!counts) return unknown("queue pairs", counts.error());
  const auto in_use = [&](const std::string& name) {
    const auto found = counts->find(name);
    return found == counts->end() ? std::uint64_t{0} : found->second;
  };
  if (!system.list_directory("/dev/infiniband")) {
    std::string text;
    for (const RdmaDevice& device : *devices)
      text += device.name + ": " + std::to_string(in_use(device.name)) + " in use; ";
    return pass("queue pairs",
                text + "the room for more is told where /dev/infiniband is, as on the node itself");
  }
  const auto verbs = system.verbs_devices();
  if (!verbs) return unknown("queue pairs", verbs.error());
  std::optional<CheckResult> all;
  for (const RdmaDevice& device : *devices) {
    if (!is_candidate(device)) continue;
    const auto found = std::ranges::find(*verbs, device.name, &VerbsDevice::name);
    CheckResult one =
        found == verbs->end()
            ? warn("queue pairs", device.name + ": libibverbs does not know it",
                   "load the module ib_uverbs on the node, and give this container the files "
                   "/dev/infiniband/uverbs*; drivers there are of rxe and erdma alone")
        : found->problem
            ? warn("queue pairs", found->problem->text(), open_hint(found->problem->code))
            : judge_room(device.name, in_use(device.name),
                         static_cast<std::uint64_t>(std::max(found->max_queue_pairs, 0)),
                         static_cast<std::uint64_t>(options.expected_pods));
    all = all ? joined(*all, one) : one;
  }
  return *all;
}

CheckResult check_ueid(System& system, const CheckOptions&) {
  if (!smc_is_loaded(system)) return blocked("ueid", "smc");
  const auto ueids = read_ueids(system);
  if (!ueids) return warn("ueid", ueids.error().text(), "SMC version 2 needs a newer kernel");
  if (!ueids->empty()) {
    std::string finding = ueids->front();
    for (std::size_t i = 1; i < ueids->size(); ++i) finding += ", " + (*ueids)[i];
    return pass("ueid", finding);
  }
  const std::string hint = "give all nodes the same one: smc-node-agent run --ueid NAME";
  const auto devices = smc_devices(system);
  if (!devices) return unknown("ueid", devices.error());
  for (const SmcDevice& device : *devices)
    for (const SmcPort& port : device.ports) {
      if (!port.active) continue;
      const auto gids = rdma_gids(system, device.name, port.number);
      if (gids && std::ranges::any_of(*gids, &RdmaGid::is_roce_v1))
        return warn("ueid", "none: SMC version 1 alone, within one IP subnet", hint);
    }
  return fail("ueid", "none, and no active port has addresses for SMC version 1", hint);
}

CheckResult check_reserved_ports(System& system, const CheckOptions&) {
  const auto rdma = rdma_devices(system);
  if (!rdma) return unknown("reserved ports", rdma.error());
  if (std::ranges::none_of(*rdma, &RdmaDevice::is_erdma))
    return pass("reserved ports", "none needed: no eRDMA device");
  const auto reserved = read_sysctl(system, "/proc/sys/net/ipv4/ip_local_reserved_ports");
  if (!reserved) return unknown("reserved ports", reserved.error());
  const std::string ports(kErdmaPortsText);
  if (ranges_contain(reserved->value_or(""), kFirstErdmaPort, kLastErdmaPort))
    return pass("reserved ports", ports);
  return warn("reserved ports", ports + " are not reserved, and eRDMA listens on them",
              "add them to net.ipv4.ip_local_reserved_ports, or no connection may leave from them");
}

}  // namespace smc::node
