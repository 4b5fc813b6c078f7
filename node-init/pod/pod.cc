#include "node-init/pod/pod.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <linux/smc.h>

#include "base/keys.h"
#include "node-init/kernel/fallback_codes.h"
#include "node-init/kernel/first_namespace.h"
#include "node-init/kernel/module_index.h"
#include "node-init/kernel/netlink.h"
#include "node-init/kernel/network_choice.h"
#include "node-init/kernel/pnet_table.h"
#include "node-init/kernel/sysctl.h"
#include "node-init/kernel/ueid.h"
#include "node-init/pod/destination_step.h"

namespace smc::node {
namespace {

// Fallback codes whose hint depends on more than the code.
constexpr std::uint32_t kConfirmLinkTimeout = 0x02010000;
constexpr std::uint32_t kNoDevice = 0x03030000;
constexpr std::uint32_t kNoUeid = 0x03030008;

// What can be done about an errno where nobody knew better.
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

class PodSetup {
 public:
  PodSetup(System& system, const PodOptions& options,
           const std::function<void(const PodStep&)>& on_step)
      : system_(system), options_(options), on_step_(on_step) {}

  PodReport run() {
    if (check_namespace() && find_smc() && choose_network() && choose_link() && find_entry() &&
        look_for_switch())
      (void)apply();
    return std::move(report_);
  }

 private:
  // What comes first differs: see PodOptions::test_first. BPF's switch comes last wherever it is
  // used: the agent's turning it on is waited for.
  bool apply() {
    if (options_.test_first)
      return find_switch() && test() && exclude_destinations() && set_parameters() &&
             set_pnetid() && set_switch();
    if (!exclude_destinations()) return false;
    if (switch_.kind == SwitchKind::kBpf)
      return set_pnetid() && set_parameters() && test() && set_switch();
    return set_pnetid() && set_switch() && set_parameters() && test();
  }

  // Each step: false ends the set-up, with the reason in the report.
  bool check_namespace();
  bool find_smc();
  bool plan_loading();
  bool choose_network();
  bool choose_link();
  bool find_entry();
  bool exclude_destinations();
  bool set_pnetid();
  bool look_for_switch();
  bool find_switch();
  bool set_switch();
  bool set_bpf_switch();
  bool wait_for_bpf_switch();
  bool set_parameters();
  bool test();

  void begin(int number, std::string_view name) { current_ = {number, name, {}, {}, {}}; }
  bool tell(StepOutcome outcome, std::string text, std::string hint = {}) {
    PodStep step = current_;
    step.outcome = outcome;
    step.text = std::move(text);
    step.hint = std::move(hint);
    on_step_(step);
    report_.steps.push_back(std::move(step));
    return outcome != StepOutcome::kFailed;
  }
  bool fail(ExitCode code, const Error& error) {
    report_.code = code;
    return tell(StepOutcome::kFailed, error.text(),
                error.hint.empty() ? general_hint(error.code) : error.hint);
  }

  void adopt(const std::string& found);
  bool set_parameter(const std::string& path, const std::string& value);
  bool no_verdict(const Error& error, ExitCode code);
  std::string self_test_hint(std::uint32_t code);

  System& system_;
  const PodOptions& options_;
  const std::function<void(const PodStep&)>& on_step_;
  PodReport report_;
  PodStep current_;
  bool smc_loaded_ = false;  // false in a dry run that must not load the module
  std::vector<SmcDevice> devices_;
  std::string present_pnetid_;  // of the interface's entry as it was found; empty: there was none
  bool adopted_ = false;        // that entry is another program's and is kept
  Ipv4Address address_;
  ProgramSwitch switch_;
};

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

bool PodSetup::set_parameter(const std::string& path, const std::string& value) {
  if (options_.dry_run) {
    const auto now = read_sysctl(system_, path);
    if (now && *now == value) return tell(StepOutcome::kOk, path + " is " + value + " already");
    return tell(StepOutcome::kPlanned, "write " + value + " to " + path);
  }
  const auto wrote = ensure_sysctl(system_, path, value);
  if (!wrote)
    return fail(wrote.error().code == ENOENT ? ExitCode::kNotPossible : ExitCode::kRefused,
                wrote.error());
  return *wrote ? tell(StepOutcome::kChanged, path + " = " + value)
                : tell(StepOutcome::kOk, path + " is " + value + " already");
}

bool PodSetup::look_for_switch() {
  begin(5, "switch");
  if (options_.programs == Programs::kAsk || !smc_loaded_) return true;
  const auto found = read_program_switch(system_, options_.program_switch);
  if (!found) return fail(ExitCode::kRefused, found.error());
  switch_ = *found;
  return true;
}

// Whether there is one, where one is needed: without it nothing else is of use.
bool PodSetup::find_switch() {
  begin(5, "switch");
  if (options_.programs == Programs::kAsk || !smc_loaded_) return true;
  if (switch_.kind == SwitchKind::kNone) {
    report_.not_switched = true;
    return fail(ExitCode::kNotPossible, no_switch_error(system_, options_.program_switch));
  }
  report_.programs = switch_name(switch_.kind);
  return true;
}

bool PodSetup::set_switch() {
  begin(5, "switch");
  if (options_.programs == Programs::kAsk) {
    report_.programs = "ask";
    return tell(StepOutcome::kOk, "not needed: the programs ask for SMC themselves");
  }
  if (!smc_loaded_)
    return tell(StepOutcome::kPlanned,
                "turn the switch for existing programs on; a kernel without one is a failure, "
                "unless --programs=ask");
  if (!find_switch()) return false;
  return switch_.kind == SwitchKind::kBpf ? set_bpf_switch() : set_parameter(kSwitchPath, "1");
}

bool PodSetup::set_bpf_switch() {
  if (switch_.on) return tell(StepOutcome::kOk, "the agent's BPF switch is on here already");
  if (options_.dry_run)
    return tell(StepOutcome::kPlanned, "have the agent turn its BPF switch on here");
  if (options_.switch_list == nullptr) return wait_for_bpf_switch();
  if (const auto added = options_.switch_list->add_this_namespace(); !added)
    return fail(ExitCode::kRefused, added.error());
  const auto now = read_program_switch(system_, SwitchChoice::kBpf);
  if (!now) return fail(ExitCode::kRefused, now.error());
  if (now->on) return tell(StepOutcome::kChanged, "the BPF switch is on, seen in a socket");
  return fail(ExitCode::kRefused,
              {"this namespace is on the BPF switch's list, but a socket opened in it is none of "
               "SMC's",
               0,
               "does another program sit at update_socket_protocol and answer first? bpftool prog "
               "on the node lists it"});
}

// The rest is done: only the agent may turn this one on.
bool PodSetup::wait_for_bpf_switch() {
  const auto begin = system_.now();
  const auto waited = [&] {
    return std::chrono::duration_cast<std::chrono::milliseconds>(system_.now() - begin);
  };
  while (true) {
    const auto now = read_program_switch(system_, SwitchChoice::kBpf);
    if (!now) return fail(ExitCode::kRefused, now.error());
    if (now->on)
      return tell(StepOutcome::kOk, "the node's agent turned its BPF switch on here, after " +
                                        std::to_string(waited().count()) + " ms");
    if (waited() >= options_.agent_wait) break;
    system_.sleep_for(std::min(pause_after(waited()), options_.agent_wait - waited()));
  }
  report_.not_switched = true;
  const auto seconds = std::chrono::duration<double>(options_.agent_wait).count();
  return fail(ExitCode::kNotPossible,
              {"all else is set up, but the node's agent has not turned its BPF switch on here "
               "within " +
                   std::to_string(static_cast<long>(seconds)) + " s: programs' sockets stay TCP",
               0, agent_hint(options_.node)});
}

bool PodSetup::set_parameters() {
  begin(5, "parameters");
  const std::pair<const char*, std::optional<int>> wanted[] = {
      {"rmem", options_.rmem},
      {"wmem", options_.wmem},
      {"smcr_buf_type", options_.smcr_buf_type},
      {"autocorking_size", options_.autocorking_size}};
  for (const auto& [name, value] : wanted)
    if (value && !set_parameter(sysctl_path({"net", "smc", name}), std::to_string(*value)))
      return false;
  if (!options_.disable_ipv6) return true;
  // At the interface alone: ::1 stays, which programs use to talk to themselves.
  const std::string path = sysctl_path({"net", "ipv6", "conf", report_.interface, "disable_ipv6"});
  const auto now = read_sysctl(system_, path);
  if (now && !*now) return tell(StepOutcome::kOk, "there is no IPv6 here");
  return set_parameter(path, "1");
}

bool PodSetup::no_verdict(const Error& error, ExitCode code) {
  if (options_.self_test == SelfTestMode::kOn) return fail(code, error);
  return tell(StepOutcome::kWarning, "not run: " + error.text(),
              error.hint.empty() ? general_hint(error.code) : error.hint);
}

// The most frequent cause of "no device" is one that the kernel's code does not tell apart.
std::string PodSetup::self_test_hint(std::uint32_t code) {
  const auto ueids = read_ueids(system_);
  if (ueids && ueids->empty() && (code == kNoDevice || code == kNoUeid))
    return "the node has no UEID, which RoCE v2 devices need: smc-node-agent run --ueid NAME on "
           "every node";
  if (ueids && code == kNoDevice)
    return "is " + report_.address + " in the subnet of an address of " + report_.device +
           "'s own interface on the node? SMC version 2 demands it";
  const FallbackCode* known = find_fallback_code(code);
  return known != nullptr ? std::string(known->hint) : "see 'smc-node-init explain'";
}

bool PodSetup::test() {
  begin(6, kSelfTestStep);
  if (options_.self_test == SelfTestMode::kOff)
    return tell(StepOutcome::kSkipped, "switched off: nothing shows that connections use RDMA");
  if (options_.dry_run)
    return tell(StepOutcome::kPlanned, "connect to " + report_.address + " over SMC");
  const auto shared = rdma_namespaces_shared(system_);
  if (shared && !*shared)
    return no_verdict({"RDMA devices belong to one namespace each here (exclusive mode)", 0,
                       "the self-test needs the shared mode: rdma system set netns shared"},
                      ExitCode::kNotPossible);
  const auto result = run_self_test(system_, address_, report_.pnetid);
  if (!result) return no_verdict(result.error(), ExitCode::kRefused);
  report_.self_test = *result;
  if (result->failure)
    return fail(ExitCode::kFellBack, {"no SMC connection came about: " + result->failure->what,
                                      result->failure->code, self_test_hint(kConfirmLinkTimeout)});
  if (result->is_smcr)
    return tell(StepOutcome::kOk,
                "SMC-R over " + result->device + " in " + std::to_string(result->took.count()) +
                    " ms" + (result->was_reset ? ", after a first connection was reset" : ""));
  return fail(ExitCode::kFellBack,
              {"the connection fell back to TCP: " + describe_fallback(result->telling_code), 0,
               self_test_hint(result->telling_code)});
}

}  // namespace

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
