#include "node-init/diagnosis/node_checks.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <utility>

#include <linux/smc.h>

#include "base/erdma_ports.h"
#include "node-init/diagnosis/os_release.h"
#include "node-init/diagnosis/rpm_version.h"
#include "node-init/kernel/netlink.h"
#include "node-init/kernel/rdma_devices.h"
#include "node-init/kernel/smc_devices.h"
#include "node-init/kernel/sysctl.h"

namespace smc::node {
namespace {

// `net/ipproto_smc` made SMC a protocol of AF_INET sockets.
constexpr std::string_view kFirstWithIpprotoSmc = "6.11";

// A check that could not be made.
CheckResult unknown(std::string name, const Error& error) {
  return warn(std::move(name), "cannot tell: " + error.text(),
              error.hint.empty() ? "run it as root on the node" : error.hint);
}

Result<OsRelease> read_os_release(System& system, const std::string& host_root) {
  // os-release(5): the first one there counts.
  auto text = system.read_file(host_root + "/etc/os-release");
  if (!text) text = system.read_file(host_root + "/usr/lib/os-release");
  if (!text) return text.error();
  return parse_os_release(*text);
}

Result<std::string> kernel_release(System& system) {
  const auto release = read_sysctl(system, "/proc/sys/kernel/osrelease");
  if (!release) return release.error();
  return release->value_or("");
}

// Why SMC cannot use this device; empty where it can.
struct DeviceJudgement {
  std::string finding;
  std::string hint;
};
DeviceJudgement judge(const RdmaDevice& device, bool refused) {
  std::string text =
      device.name + (device.is_erdma() ? " (eRDMA)" : "") + " of type " + device.node_type;
  for (const RdmaPort& port : device.ports)
    text += ", port " + std::to_string(port.number) + " " + port.state +
            (port.netdev.empty() ? "" : " on " + port.netdev);
  if (!device.is_ib_ca)
    return {text + ": SMC takes type CA alone",
            device.is_erdma() ? "install Alibaba Cloud's erdma driver: mainline's registers the "
                                "device as RNIC"
                              : "use a RoCE or InfiniBand adapter"};
  if (refused) return {text + ": SMC has not taken it in", "look for smc in the kernel's log"};
  const bool active = std::any_of(device.ports.begin(), device.ports.end(),
                                  [](const RdmaPort& port) { return port.active; });
  if (!active) return {text + ": no active port", "set the port's interface up"};
  return {text, ""};
}

// Nothing while SMC is not loaded: asking it would load it.
std::optional<std::vector<SmcDevice>> devices_taken(System& system) {
  const auto registered = generic_family_registered(system, SMC_GENL_FAMILY_NAME);
  if (!registered || !*registered) return std::nullopt;
  auto devices = smc_devices(system);
  if (!devices) return std::nullopt;
  return std::move(*devices);
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

CheckResult check_kernel(System& system, const CheckOptions& options) {
  const auto release = kernel_release(system);
  if (!release) return unknown("kernel", release.error());
  const auto os = read_os_release(system, options.host_root);
  if (!os)
    return warn("kernel", *release + " of an unknown distribution: " + os.error().text(),
                "mount the node's /etc/os-release and name its root with --host-root");
  const std::string text = *release + " of " + (os->pretty_name.empty() ? os->id : os->pretty_name);
  if (!is_alibaba_cloud_linux_3(*os)) return pass("kernel", text + ", judged by its features");
  if (compare_kernel_releases(*release, kOldestAlinux3Kernel) < 0)
    return fail("kernel", text + ": older than " + std::string(kOldestAlinux3Kernel),
                "update the kernel package and reboot the node");
  return pass("kernel", text);
}

// Terway is the plug-in that puts pods onto the interface of an eRDMA device.
CheckResult check_cni(System& system, const CheckOptions& options) {
  const std::string directory = options.host_root + "/etc/cni/net.d";
  const auto names = system.list_directory(directory);
  if (!names)
    return warn("cni", "cannot tell: " + names.error().text(),
                "mount the node's /etc/cni/net.d and name its root with --host-root");
  auto sorted = *names;
  std::sort(sorted.begin(), sorted.end());
  for (const std::string& name : sorted) {
    if (!name.ends_with(".conf") && !name.ends_with(".conflist") && !name.ends_with(".json"))
      continue;
    // The runtime takes the first file in the order of names (libcni).
    const auto text = system.read_file(std::string(directory).append("/").append(name));
    if (!text) return unknown("cni", text.error());
    if (text->find("\"terway\"") != std::string::npos) return pass("cni", "Terway, by " + name);
    return warn("cni", name + " is not Terway's",
                "on Alibaba Cloud use Terway: other plug-ins put pods onto addresses that the "
                "eRDMA device does not carry");
  }
  return warn("cni", "no configuration in " + directory, "install a CNI plug-in");
}

CheckResult check_rdma_devices(System& system, const CheckOptions&) {
  const auto devices = rdma_devices(system);
  if (!devices) return unknown("rdma device", devices.error());
  if (devices->empty())
    return fail("rdma device", "none",
                "attach an elastic RDMA interface (eRDMA) or use a node with a RoCE adapter, and "
                "load its driver");
  const auto taken = devices_taken(system);
  std::string finding;
  std::string hint;
  bool one_works = false;
  for (const RdmaDevice& device : *devices) {
    const bool refused =
        taken && std::none_of(taken->begin(), taken->end(), [&](const SmcDevice& candidate) {
          return candidate.name == device.name;
        });
    const DeviceJudgement judgement = judge(device, refused);
    finding += (finding.empty() ? "" : "; ") + judgement.finding;
    if (judgement.hint.empty()) one_works = true;
    if (hint.empty()) hint = judgement.hint;
  }
  if (hint.empty()) return pass("rdma device", finding);
  // One device that works is enough; the others are told.
  return one_works ? warn("rdma device", finding, hint) : fail("rdma device", finding, hint);
}

CheckResult check_rdma_namespaces(System& system, const CheckOptions&) {
  const auto shared = rdma_namespaces_shared(system);
  if (!shared) return unknown("rdma sharing", shared.error());
  if (*shared) return pass("rdma sharing", "shared");
  return fail("rdma sharing", "exclusive: pods do not see the device",
              "options ib_core netns_mode=1 in /etc/modprobe.d and a reboot; rdma system set netns "
              "shared works only before the first pod");
}

// How a program's socket becomes an SMC socket on this kernel.
CheckResult check_programs(System& system, const CheckOptions&) {
  const auto tcp2smc = read_sysctl(system, "/proc/sys/net/smc/tcp2smc");
  if (!tcp2smc) return unknown("programs", tcp2smc.error());
  if (*tcp2smc) return pass("programs", "net.smc.tcp2smc, for each network namespace");
  const auto release = kernel_release(system);
  const bool protocol = release && compare_kernel_releases(*release, kFirstWithIpprotoSmc) >= 0;
  return warn("programs", "this kernel has no net.smc.tcp2smc",
              protocol ? "programs ask for SMC themselves, by IPPROTO_SMC"
                       : "programs ask for SMC themselves, by AF_SMC or smc_run");
}

// The ports on which eRDMA listens.
CheckResult check_reserved_ports(System& system, const CheckOptions&) {
  const auto rdma = rdma_devices(system);
  if (!rdma) return unknown("reserved ports", rdma.error());
  const bool erdma = std::any_of(rdma->begin(), rdma->end(),
                                 [](const RdmaDevice& device) { return device.is_erdma(); });
  if (!erdma) return pass("reserved ports", "none needed: no eRDMA device");
  const auto reserved = read_sysctl(system, "/proc/sys/net/ipv4/ip_local_reserved_ports");
  if (!reserved) return unknown("reserved ports", reserved.error());
  if (ranges_contain(reserved->value_or(""), kFirstErdmaPort, kLastErdmaPort))
    return pass("reserved ports", std::string(kErdmaPortsText));
  return warn("reserved ports",
              std::string(kErdmaPortsText) + " are not reserved, and eRDMA listens on them",
              "add them to net.ipv4.ip_local_reserved_ports, or no connection may leave from them");
}

// Parameters in which two nodes must not differ, or they do not understand each other's SYN.
CheckResult check_handshake_parameters(System& system, const CheckOptions&) {
  static constexpr std::array kNames = {"experiment_syn_smc", "vendor_exp_options",
                                        "limit_handshake", "limit_smc_hs"};
  std::string text;
  for (const char* name : kNames) {
    const auto value = read_sysctl(system, std::string("/proc/sys/net/smc/") + name);
    if (value && *value) text += (text.empty() ? "" : ", ") + std::string(name) + "=" + **value;
  }
  if (text.empty()) return pass("handshake", "no parameters on this kernel");
  return pass("handshake", text + "; to be the same on all nodes");
}

}  // namespace

const std::vector<CheckFunction>& node_checks() {
  static const std::vector<CheckFunction> kChecks = {check_kernel,
                                                     check_cni,
                                                     check_rdma_devices,
                                                     check_rdma_namespaces,
                                                     check_programs,
                                                     check_reserved_ports,
                                                     check_handshake_parameters};
  return kChecks;
}

}  // namespace smc::node
