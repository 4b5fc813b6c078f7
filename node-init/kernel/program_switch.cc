#include "node-init/kernel/program_switch.h"

#include <algorithm>

#include "node-init/kernel/sysctl.h"

namespace smc::node {
namespace {

// linux/in.h of kernels since 6.11; Debian 12's is older.
constexpr int kIpprotoSmc = 256;

constexpr const char* kBtfDirectory = "/sys/kernel/btf";
constexpr const char* kBtfFile = "/sys/kernel/btf/vmlinux";

// By what costs little to ask: a pod asks again and again while it waits.
std::optional<std::string> plain_obstacle(System& system) {
  const auto release = kernel_release(system);
  const auto version = release ? kernel_version(*release) : std::nullopt;
  if (!version) return "the kernel's release is not known";
  if (*version < kFirstWithIpprotoSmc)
    return "kernel " + *release + " is older than " + kFirstWithIpprotoSmc.text() +
           ", the first with IPPROTO_SMC";
  const auto files = system.list_directory(kBtfDirectory);
  if (files && std::ranges::find(*files, "vmlinux") != files->end()) return std::nullopt;
  return "the kernel has no BTF (CONFIG_DEBUG_INFO_BTF)";
}

}  // namespace

std::string_view switch_name(SwitchKind kind) {
  switch (kind) {
    case SwitchKind::kNone:
      return "none";
    case SwitchKind::kTcp2smc:
      return "tcp2smc";
    case SwitchKind::kBpf:
      return "bpf";
  }
  return "?";
}

const std::map<std::string, SwitchChoice>& switch_choices() {
  static const std::map<std::string, SwitchChoice> kWords = {{"auto", SwitchChoice::kAuto},
                                                             {"tcp2smc", SwitchChoice::kTcp2smc},
                                                             {"bpf", SwitchChoice::kBpf},
                                                             {"none", SwitchChoice::kNone}};
  return kWords;
}

Result<ProgramSwitch> read_program_switch(System& system, SwitchChoice choice) {
  if (choice == SwitchChoice::kAuto || choice == SwitchChoice::kTcp2smc) {
    const auto value = read_sysctl(system, kSwitchPath);
    if (!value) return value.error();
    if (*value) return ProgramSwitch{SwitchKind::kTcp2smc, **value != "0"};
  }
  if (choice == SwitchChoice::kAuto || choice == SwitchChoice::kBpf) {
    const auto protocol = system.stream_socket_protocol();
    if (!protocol) return protocol.error();
    if (*protocol == kIpprotoSmc) return ProgramSwitch{SwitchKind::kBpf, true};
    if (!plain_obstacle(system)) return ProgramSwitch{SwitchKind::kBpf, false};
  }
  return ProgramSwitch{};
}

std::optional<std::string> bpf_switch_obstacle(System& system) {
  if (auto obstacle = plain_obstacle(system)) return obstacle;
  const auto types = system.read_file(kBtfFile);
  if (!types) return types.error().text();
  // The names of all types and functions stand in it, each ended by a NUL.
  constexpr std::string_view kName("\0update_socket_protocol\0", 24);
  if (types->find(kName) != std::string::npos) return std::nullopt;
  return "the kernel has no function update_socket_protocol, which the switch needs";
}

Error no_switch_error(System& system, SwitchChoice choice) {
  std::string why;
  switch (choice) {
    case SwitchChoice::kNone:
      why = "--switch=none";
      break;
    case SwitchChoice::kTcp2smc:
      why = "it has no net.smc.tcp2smc, and --switch=tcp2smc";
      break;
    case SwitchChoice::kAuto:
      why = "no net.smc.tcp2smc; for BPF: ";
      [[fallthrough]];
    case SwitchChoice::kBpf:
      why += bpf_switch_obstacle(system).value_or("nothing in its way");
      break;
  }
  return {"this kernel has no switch for existing programs (" + why + "): their sockets stay TCP",
          0,
          "where the programs ask for SMC themselves (IPPROTO_SMC, AF_SMC, smc_run's preload), say "
          "--programs=ask; for a pod: annotation smc.asm.alibabacloud.com/programs: ask"};
}

}  // namespace smc::node
