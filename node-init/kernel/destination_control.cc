#include "node-init/kernel/destination_control.h"

#include "node-init/kernel/sysctl.h"

namespace smc::node {

Result<DestinationControl> read_destination_control(System& system) {
  const auto value = read_sysctl(system, kControlPath);
  if (!value) return value.error();
  if (!*value) return DestinationControl{};
  const std::string& name = **value;
  if (name.empty()) return DestinationControl{ControlState::kNone, {}};
  return DestinationControl{
      name.starts_with(kControlPrefix) ? ControlState::kOurs : ControlState::kForeign, name};
}

Result<void> reset_destination_control(System& system) {
  const auto control = read_destination_control(system);
  if (!control) return control.error();
  if (control->state != ControlState::kOurs) return {};
  return system.write_file(kControlPath, "\n");
}

}  // namespace smc::node
