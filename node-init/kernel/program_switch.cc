#include "node-init/kernel/program_switch.h"

#include "node-init/kernel/sysctl.h"

namespace smc::node {

std::string_view switch_name(SwitchKind kind) {
  switch (kind) {
    case SwitchKind::kNone:
      return "none";
    case SwitchKind::kTcp2smc:
      return "tcp2smc";
  }
  return "?";
}

Result<ProgramSwitch> read_program_switch(System& system) {
  const auto value = read_sysctl(system, kSwitchPath);
  if (!value) return value.error();
  if (!*value) return ProgramSwitch{};
  return ProgramSwitch{SwitchKind::kTcp2smc, **value != "0"};
}

}  // namespace smc::node
