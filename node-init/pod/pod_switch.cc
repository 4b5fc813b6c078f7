#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "node-init/kernel/sysctl.h"
#include "node-init/pod/pod_setup.h"

namespace smc::node {

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

}  // namespace smc::node
