#include "node-init/diagnosis/kernel_checks.h"

#include <algorithm>
#include <array>

#include <linux/smc.h>

#include "node-init/diagnosis/kernel_fixes.h"
#include "node-init/diagnosis/os_release.h"
#include "node-init/diagnosis/rpm_version.h"
#include "node-init/kernel/kernel_release.h"
#include "node-init/kernel/module_index.h"
#include "node-init/kernel/netlink.h"
#include "node-init/kernel/sysctl.h"

namespace smc::node {
namespace {

Result<OsRelease> read_os_release(System& system, const std::string& host_root) {
  // os-release(5): the first one there counts.
  auto text = system.read_file(host_root + "/etc/os-release");
  if (!text) text = system.read_file(host_root + "/usr/lib/os-release");
  if (!text) return text.error();
  return parse_os_release(*text);
}

// One of net.smc's; empty where this kernel has none of that name or does not tell.
std::string parameter(System& system, const std::string& name) {
  const auto value = read_sysctl(system, sysctl_path({"net", "smc", name}));
  return value && *value ? **value : "";
}

// Mainline's name and that of Alibaba Cloud Linux, where it is on unless it is switched off.
constexpr std::array kLimits = {"limit_smc_hs", "limit_handshake"};
constexpr const char* kHandshakeControl = "hs_ctrl";

}  // namespace

bool smc_is_loaded(System& system) {
  const auto registered = generic_family_registered(system, SMC_GENL_FAMILY_NAME);
  return registered && *registered;
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

CheckResult check_kernel_fixes(System& system, const CheckOptions&) {
  const auto release = kernel_release(system);
  if (!release) return unknown("kernel fixes", release.error());
  const auto version = mainline_version(*release);
  if (!version)
    return pass("kernel fixes",
                *release + ": not judged, only kernel.org's own numbers tell which fixes are in");
  std::string finding;
  KernelVersion fixed;
  for (const KernelFault& fault : kernel_faults(*version)) {
    finding += (finding.empty() ? "" : "; ") + std::string(fault.cve) + ": " +
               std::string(fault.what) + ", fixed in " + fault.fixed.text();
    fixed = std::max(fixed, fault.fixed);
  }
  if (finding.empty()) return pass("kernel fixes", *release + " has those that are known of");
  return warn("kernel fixes", *release + " lacks the fix of " + finding,
              "boot " + fixed.text() + " or a later release");
}

CheckResult check_smc(System& system, const CheckOptions& options) {
  const auto registered = generic_family_registered(system, SMC_GENL_FAMILY_NAME);
  if (!registered) return unknown("smc", registered.error());
  if (*registered) return pass("smc", "the kernel's SMC is loaded");
  const std::string load = "'smc-node-init pod' and 'smc-node-agent run' load it";
  switch (find_module(system, options.host_root, "smc")) {
    case ModulePresence::kAbsent: {
      const Error none = no_smc_error(system, 0);
      return fail("smc", none.what, none.hint);
    }
    case ModulePresence::kLoadable:
    case ModulePresence::kBuiltIn:
      return fail("smc", "the kernel's SMC is not loaded, but this kernel has it", load);
    case ModulePresence::kUnknown:
      break;
  }
  return fail("smc", "the kernel's SMC is not loaded, or this kernel has none",
              load + " where the kernel has it; else " + no_smc_error(system, 0).hint);
}

CheckResult check_switch(System& system, const CheckOptions& options) {
  if (!smc_is_loaded(system)) return blocked("switch", "smc");
  const auto found = read_program_switch(system, options.program_switch);
  if (!found) return unknown("switch", found.error());
  if (options.programs == Programs::kAsk)
    return pass("switch", "not needed: the programs ask for SMC themselves");
  if (found->kind == SwitchKind::kNone) {
    const Error none = no_switch_error(system, options.program_switch);
    return fail("switch", none.what, none.hint);
  }
  const bool bpf = found->kind == SwitchKind::kBpf;
  if (found->on)
    return pass("switch",
                bpf ? "the agent's BPF switch is on, seen in a socket" : "net.smc.tcp2smc is on");
  if (!bpf)
    return fail("switch", "net.smc.tcp2smc is 0: programs' sockets stay TCP",
                "run 'smc-node-init pod' in this namespace, as the webhook's init container does");
  return fail("switch", "the agent's BPF switch is not on here: programs' sockets stay TCP",
              "smc-node-agent turns it on for annotated pods: see its log on the node");
}

CheckResult check_programs(System& system, const CheckOptions& options) {
  const auto found = read_program_switch(system, options.program_switch);
  if (!found) return unknown("programs", found.error());
  if (found->kind == SwitchKind::kTcp2smc)
    return pass("programs", "net.smc.tcp2smc, for each network namespace");
  if (found->kind == SwitchKind::kBpf && !bpf_switch_obstacle(system))
    return pass("programs", "the agent's BPF switch, for each network namespace");
  const auto release = kernel_release(system);
  const auto version = release ? kernel_version(*release) : std::nullopt;
  const std::string way = version && *version >= kFirstWithIpprotoSmc
                              ? "IPPROTO_SMC, AF_SMC or smc_run"
                              : "AF_SMC or smc_run";
  if (options.programs == Programs::kAsk)
    return pass("programs", "they ask for SMC themselves, by " + way);
  // Unloaded, SMC has no parameters at all.
  if (!smc_is_loaded(system)) return blocked("programs", "smc");
  return fail("programs", no_switch_error(system, options.program_switch).what,
              "where the pods' programs ask for SMC themselves (" + way + "): --programs=ask");
}

std::string handshake_limits(System& system) {
  std::string text;
  for (const char* name : kLimits)
    if (parameter(system, name) == "1")
      text += (text.empty() ? "" : "; ") + std::string(name) +
              "=1: while handshakes queue up, a server takes new connections as TCP (0x03010000)";
  const std::string control = parameter(system, kHandshakeControl);
  if (!control.empty())
    text += (text.empty() ? "" : "; ") + std::string(kHandshakeControl) + "=" + control +
            ": that BPF program may leave SMC out of a connection (0x03010000)";
  return text;
}

CheckResult check_handshake(System& system, const CheckOptions&) {
  static constexpr std::array kNames = {"experiment_syn_smc", "experiment_vendor_options",
                                        "vendor_exp_options", "limit_handshake", "limit_smc_hs"};
  std::string text;
  for (const char* name : kNames)
    if (const std::string value = parameter(system, name); !value.empty())
      text += (text.empty() ? "" : ", ") + std::string(name) + "=" + value;
  text = text.empty() ? "no parameters on this kernel" : text + "; to be the same on all nodes";
  if (const std::string limits = handshake_limits(system); !limits.empty()) text += "; " + limits;
  if (parameter(system, kHandshakeControl).empty()) return pass("handshake", text);
  return warn("handshake", text,
              "where that is not meant, take the program out: sysctl net.smc.hs_ctrl=");
}

}  // namespace smc::node
