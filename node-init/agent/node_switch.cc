#include "node-init/agent/node_switch.h"

#include <string>
#include <utility>

#include "node-init/agent/net_namespaces.h"

namespace smc::node {
namespace {

constexpr const char* kName = "bpf switch";

SetupStep step_of(SetupStep::Kind kind, bool repair) {
  SetupStep step;
  step.kind = kind;
  step.repair = repair;
  step.text = "the BPF switch at update_socket_protocol";
  return step;
}

CheckResult refused(const Error& error, Programs programs) {
  std::string hint = error.hint.empty() ? "see the agent's log" : error.hint;
  if (programs == Programs::kAsk) return warn(kName, error.text(), std::move(hint));
  return fail(kName, error.text(), std::move(hint));
}

// Also takes those off the list that are gone.
void look_at_list(System& system, BpfSwitch& bpf, SwitchRound& round) {
  const auto kept = bpf.keep([&] { return live_net_namespaces(system); });
  const auto size = kept ? bpf.size() : Result<std::size_t>(kept.error());
  if (!size) return round.checks.push_back(unknown(kName, size.error()));
  round.list = {*size, kMaxSwitchedNamespaces};
  const std::string finding = "in force, on in " + std::to_string(*size) + " of at most " +
                              std::to_string(kMaxSwitchedNamespaces) + " network namespaces";
  round.checks.push_back(round.list->nearly_full()
                             ? warn(kName, finding + ": the list is nearly full",
                                    "pods that do not fit stay on TCP: let fewer of them run here")
                             : pass(kName, finding));
}

// Of another choice, or of a kernel that has a switch of its own by now.
SwitchRound without(BpfSwitch& bpf, bool dry_run) {
  SwitchRound round;
  const auto was = dry_run ? bpf.present() : bpf.remove();
  // Where there is no BPF file system, there is nothing of ours in it.
  if (was && *was) round.steps.push_back(step_of(SetupStep::Kind::kRemoveSwitch, false));
  if (!was && !dry_run) round.checks.push_back(warn(kName, was.error().text(), "see its log"));
  return round;
}

}  // namespace

SwitchRound round_of_switch(System& system, BpfSwitch& bpf, SwitchChoice choice, Programs programs,
                            bool dry_run) {
  const auto found = read_program_switch(system, choice);
  if (!found) return {{}, {unknown(kName, found.error())}, std::nullopt};
  if (found->kind != SwitchKind::kBpf) return without(bpf, dry_run);
  SwitchRound round;
  if (dry_run) {
    const auto present = bpf.present();
    if (!present)
      round.checks.push_back(refused(present.error(), programs));
    else if (!*present)
      round.steps.push_back(step_of(SetupStep::Kind::kAttachSwitch, false));
    return round;
  }
  const bool was_in_force = bpf.in_force();
  const auto ensured = bpf.ensure();
  if (!ensured) {
    round.checks.push_back(refused(ensured.error(), programs));
    return round;
  }
  if (*ensured == BpfSwitch::Ensured::kAttached)
    round.steps.push_back(step_of(SetupStep::Kind::kAttachSwitch, was_in_force));
  look_at_list(system, bpf, round);
  return round;
}

}  // namespace smc::node
