#include "node-init/agent/namespace_setup.h"

#include <linux/smc.h>

#include "node-init/kernel/destination_control.h"
#include "node-init/kernel/netlink.h"
#include "node-init/kernel/pnet_table.h"
#include "node-init/kernel/program_switch.h"

namespace smc::node {

Result<NamespaceSetup> read_namespace_setup(System& system) {
  NamespaceSetup setup;
  const auto loaded = generic_family_registered(system, SMC_GENL_FAMILY_NAME);
  if (!loaded) return loaded.error();
  setup.smc = *loaded;
  if (!setup.smc) return setup;
  const auto table = read_pnet_table(system);
  if (!table) return table.error();
  for (const PnetEntry& entry : *table)
    if (!entry.interface.empty() && entry.interface != "lo") setup.pnetids.push_back(entry.pnetid);
  const auto program_switch = read_program_switch(system);
  if (!program_switch) return program_switch.error();
  if (program_switch->kind != SwitchKind::kNone) setup.programs_use_smc = program_switch->on;
  const auto control = read_destination_control(system);
  if (!control) return control.error();
  setup.excludes_destinations = control->state == ControlState::kOurs;
  return setup;
}

}  // namespace smc::node
