#include "node-init/kernel/program_switch.h"

#include "node-init/kernel/sysctl.h"

namespace smc::node {

Result<std::optional<bool>> read_program_switch(System& system) {
  const auto value = read_sysctl(system, kSwitchPath);
  if (!value) return value.error();
  if (!*value) return std::optional<bool>();
  return std::optional(**value != "0");
}

}  // namespace smc::node
