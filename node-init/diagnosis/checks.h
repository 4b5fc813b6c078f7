// What works here, what does not, and why: checks that each look for themselves and know nothing of
// each other. None changes anything, and none loads the kernel module smc. Safe on any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "node-init/kernel/program_switch.h"
#include "node-init/kernel/system.h"

namespace smc::node {

enum class Verdict { kPass, kWarn, kFail };
std::string_view verdict_name(Verdict verdict);  // "PASS", …

struct CheckResult {
  std::string name;
  Verdict verdict = Verdict::kPass;
  std::string finding;
  std::string hint;  // never empty unless kPass
  // The check that has to hold before this one can be made, so that one cause is told once; empty:
  // it was made.
  std::string blocked_by{};

  bool operator==(const CheckResult&) const = default;
};

CheckResult pass(std::string name, std::string finding);
CheckResult warn(std::string name, std::string finding, std::string hint);
CheckResult fail(std::string name, std::string finding, std::string hint);
// Could not be made while the check `by` does not hold: a warning.
CheckResult blocked(std::string name, std::string by);
// Could not be made for another reason: a warning.
CheckResult unknown(std::string name, const Error& error);

// The kubelet's own default for the pods of a node (maxPods of KubeletConfiguration).
inline constexpr int kDefaultPods = 110;

struct CheckOptions {
  std::string interface;  // empty: as `pod` chooses it
  std::string host_root;  // where the node's /etc and /lib/modules are; empty: /
  Programs programs = Programs::kSwitch;
  SwitchChoice program_switch = SwitchChoice::kAuto;
  int expected_pods = kDefaultPods;  // on this node, for the room for queue pairs
};

using CheckFunction = CheckResult (*)(System& system, const CheckOptions& options);

// The checks of a pod's network namespace, in the order in which they are shown.
const std::vector<CheckFunction>& namespace_checks();

std::vector<CheckResult> run_checks(System& system, const CheckOptions& options,
                                    const std::vector<CheckFunction>& checks);

// The worst of them.
Verdict overall(const std::vector<CheckResult>& results);

// For a person: in groups, each result on a line with its hint below, then what could not be
// checked and why, then the verdict. `colour`: with the escape sequences of a terminal.
std::string checks_table(const std::vector<CheckResult>& results, bool colour = false);
// {"verdict":"FAIL","checks":[{"name":…,"verdict":…,"finding":…,"hint":…}]}, with "blockedBy" for
// what could not be checked.
std::string checks_json(const std::vector<CheckResult>& results);

}  // namespace smc::node
