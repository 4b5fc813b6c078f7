#include "node-init/pod/pod.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <linux/smc.h>

#include "base/keys.h"
#include "node-init/kernel/first_namespace.h"
#include "node-init/kernel/module_index.h"
#include "node-init/kernel/netlink.h"
#include "node-init/kernel/network_choice.h"
#include "node-init/kernel/pnet_table.h"
#include "node-init/pod/destination_step.h"
#include "node-init/pod/pod_setup.h"

namespace smc::node {

std::string general_hint(int code) {
  switch (code) {
    case EPERM:
    case EACCES:
      return "run the container privileged, in the node's own user namespace";
    case EBADMSG:
      return "this kernel's netlink answers differ from what is known: report its version";
    default:
      return "look at the kernel's log on the node";
  }
}

bool PodSetup::check_namespace() {
  begin(1, kNamespaceStep);
  const auto is_nodes = in_first_net_namespace(system_);
  if (!is_nodes) return fail(ExitCode::kNotPossible, is_nodes.error());
  if (!*is_nodes) return tell(StepOutcome::kOk, "a network namespace of its own");
  if (options_.allow_host_network)
    return tell(StepOutcome::kWarning, "this is the node's own network namespace, as allowed");
  return fail(ExitCode::kNotPossible,
              {"this is the node's own network namespace, which is not set up for one pod", 0,
               "run it in a pod without hostNetwork, or say --allow-host-network"});
}

bool PodSetup::find_smc() {
  begin(2, "smc");
  if (options_.dry_run) {
    const auto registered = generic_family_registered(system_, SMCR_GENL_FAMILY_NAME);
    if (!registered) return fail(ExitCode::kRefused, registered.error());
    smc_loaded_ = *registered;
    return smc_loaded_ ? tell(StepOutcome::kOk, "the kernel has SMC") : plan_loading();
  }
  const auto family = resolve_generic_family(system_, SMCR_GENL_FAMILY_NAME);
  if (!family && family.error().code == ENOENT)
    return fail(ExitCode::kNotPossible, no_smc_error(system_, ENOENT));
  if (!family) return fail(ExitCode::kRefused, family.error());
  smc_loaded_ = true;
  return tell(StepOutcome::kOk, "the kernel has SMC");
}

// Loads nothing, and plans nothing that cannot be: the index of modules tells whether there is one.
bool PodSetup::plan_loading() {
  switch (find_module(system_, options_.host_root, "smc")) {
    case ModulePresence::kAbsent:
      return fail(ExitCode::kNotPossible, no_smc_error(system_, ENOENT));
    case ModulePresence::kUnknown:
      return tell(StepOutcome::kPlanned,
                  "load the kernel module smc, if this kernel has it: its index of modules is not "
                  "to be seen here");
    case ModulePresence::kLoadable:
    case ModulePresence::kBuiltIn:
      break;
  }
  return tell(StepOutcome::kPlanned, "load the kernel module smc");
}

bool PodSetup::choose_network() {
  begin(3, "pnetid");
  if (!smc_loaded_)
    return tell(StepOutcome::kPlanned, "choose the pnetid by what SMC's devices show then");
  auto devices = smc_devices(system_);
  if (!devices) return fail(ExitCode::kRefused, devices.error());
  devices_ = std::move(*devices);
  auto rdma = rdma_devices(system_);
  if (!rdma) tell(StepOutcome::kWarning, rdma.error().text(), general_hint(rdma.error().code));
  const std::vector<RdmaDevice> known = rdma ? std::move(*rdma) : std::vector<RdmaDevice>();

  const PnetidRequest asked{options_.pnetid, options_.environment_pnetid};
  const auto choice = choose_pnetid(asked, devices_, known);
  if (!choice) return fail(ExitCode::kNotPossible, choice.error());
  const auto port = active_port(choice->pnetid, devices_, known);
  if (!port) return fail(ExitCode::kNotPossible, port.error());
  report_.pnetid = choice->pnetid;
  report_.pnetid_reason = choice->reason;
  report_.device = port->device;
  tell(StepOutcome::kOk, choice->pnetid + ": " + choice->reason + "; RDMA device " + port->device +
                             " port " + std::to_string(port->port.number));
  const bool visible = std::any_of(known.begin(), known.end(), [&](const RdmaDevice& device) {
    return device.name == port->device;
  });
  if (visible || !rdma) return true;
  return fail(ExitCode::kNotPossible,
              {"RDMA device " + port->device + " belongs to another network namespace", 0,
               "let the node share its RDMA devices, before any pod starts: rdma system set netns "
               "shared"});
}

bool PodSetup::choose_link() {
  begin(4, "interface");
  const auto all = links(system_);
  if (!all) return fail(ExitCode::kRefused, all.error());
  const auto route = default_route_interface(system_);
  if (!route) return fail(ExitCode::kRefused, route.error());
  const auto choice = choose_interface(options_.interface, *all, *route);
  if (!choice) return fail(ExitCode::kNotPossible, choice.error());
  report_.interface = choice->link.name;

  const auto addresses = ipv4_addresses(system_);
  if (!addresses) return fail(ExitCode::kRefused, addresses.error());
  const auto own = std::find_if(
      addresses->begin(), addresses->end(),
      [&](const Ipv4Address& address) { return address.ifindex == choice->link.index; });
  if (own == addresses->end())
    return fail(ExitCode::kNotPossible, {choice->link.name + " has no IPv4 address", 0,
                                         "SMC carries IPv4 alone: give the pod an IPv4 address, or "
                                         "name another interface with --interface"});
  address_ = *own;
  report_.address = own->address;
  if (const std::string doubt = interface_doubt(choice->link); !doubt.empty())
    tell(StepOutcome::kWarning, doubt, kLowerDeviceHint);
  return tell(StepOutcome::kOk,
              choice->link.name + " with " + own->address + ": " + choice->reason);
}

// Takes over an entry that another program made, if it leads to a device.
void PodSetup::adopt(const std::string& found) {
  const auto port = active_port(found, devices_, {});
  if (!port) return;
  adopted_ = true;
  tell(StepOutcome::kWarning,
       report_.interface + " has pnetid " + found + " from another program, which leads to " +
           port->device + ": kept, " + report_.pnetid + " is not set",
       "let one program own this entry");
  report_.pnetid = found;
  report_.pnetid_reason = "set by another program";
  report_.device = port->device;
}

// Before the self-test, which is made with the pnetid that the interface will have.
bool PodSetup::find_entry() {
  begin(4, "pnet entry");
  if (!smc_loaded_) return true;
  const auto table = read_pnet_table(system_);
  if (!table) return fail(ExitCode::kRefused, table.error());
  const auto found = std::ranges::find(*table, report_.interface, &PnetEntry::interface);
  if (found == table->end()) return true;
  present_pnetid_ = found->pnetid;
  if (present_pnetid_ != report_.pnetid) adopt(present_pnetid_);
  return true;
}

// Before the switch, so that no connection of the pod's programs is made without the list.
bool PodSetup::exclude_destinations() {
  begin(5, kDestinationsStep);
  if (options_.exclude_destinations.empty() || !smc_loaded_) return true;
  const DestinationStep step = node::exclude_destinations(system_, options_);
  report_.code = step.code;
  if (step.in_force()) report_.excluded_destinations = options_.exclude_destinations.size();
  return tell(
      step.outcome, step.text,
      step.outcome == StepOutcome::kFailed && step.hint.empty() ? general_hint(0) : step.hint);
}

bool PodSetup::set_pnetid() {
  begin(4, "pnet entry");
  if (!smc_loaded_) return tell(StepOutcome::kPlanned, "add the pnetid for " + report_.interface);
  if (adopted_) return true;
  const std::string entry = report_.interface + " = " + report_.pnetid;
  const bool there = !present_pnetid_.empty();
  if (present_pnetid_ == report_.pnetid) return tell(StepOutcome::kOk, entry + " is there already");
  const std::string was = there ? ", was " + present_pnetid_ + ", which leads to no device" : "";
  if (options_.dry_run)
    return tell(StepOutcome::kPlanned, (there ? "correct " : "add ") + entry + was);
  const auto changed = ensure_pnet_entry(system_, {report_.pnetid, report_.interface, {}, 0});
  if (!changed) return fail(ExitCode::kRefused, changed.error());
  if (*changed == PnetChange::kNone)
    return tell(StepOutcome::kOk, entry + " was set by another program meanwhile");
  return tell(StepOutcome::kChanged, entry + was + ", read back");
}

std::chrono::milliseconds pause_after(std::chrono::milliseconds waited) {
  return std::clamp(waited / 10, std::chrono::milliseconds(5), std::chrono::milliseconds(1'000));
}

std::string agent_hint(const std::string& node) {
  return "see the log of smc-node-agent on " + (node.empty() ? "this node" : "node " + node) +
         ", and the Node's annotation " + std::string(kNodeAnnotation);
}

std::string_view outcome_name(StepOutcome outcome) {
  switch (outcome) {
    case StepOutcome::kOk:
      return "ok";
    case StepOutcome::kChanged:
      return "changed";
    case StepOutcome::kPlanned:
      return "planned";
    case StepOutcome::kSkipped:
      return "skipped";
    case StepOutcome::kWarning:
      return "WARNING";
    case StepOutcome::kFailed:
      return "FAILED";
  }
  return "";
}

PodReport set_up_pod(System& system, const PodOptions& options,
                     const std::function<void(const PodStep&)>& on_step) {
  return PodSetup(system, options, on_step).run();
}

}  // namespace smc::node
