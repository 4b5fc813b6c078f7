// What works here, what does not, and why: checks that each look for themselves and know nothing of
// each other. None changes anything, and none loads the kernel module smc. Safe on any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "node-init/kernel/system.h"

namespace smc::node {

enum class Verdict { kPass, kWarn, kFail };
std::string_view verdict_name(Verdict verdict);  // "PASS", …

struct CheckResult {
  std::string name;
  Verdict verdict = Verdict::kPass;
  std::string finding;
  std::string hint;  // never empty unless kPass

  bool operator==(const CheckResult&) const = default;
};

CheckResult pass(std::string name, std::string finding);
CheckResult warn(std::string name, std::string finding, std::string hint);
CheckResult fail(std::string name, std::string finding, std::string hint);

struct CheckOptions {
  std::string interface;  // empty: as `pod` chooses it
  std::string host_root;  // where the node's /etc/os-release and /etc/cni are; empty: /
};

using CheckFunction = CheckResult (*)(System& system, const CheckOptions& options);

// The checks of a pod's network namespace, in the order in which they are shown.
const std::vector<CheckFunction>& namespace_checks();

// One of them that concerns the node as well.
CheckResult check_ueid(System& system, const CheckOptions& options);

std::vector<CheckResult> run_checks(System& system, const CheckOptions& options,
                                    const std::vector<CheckFunction>& checks);

// The worst of them.
Verdict overall(const std::vector<CheckResult>& results);

// One line a result, its hint behind it.
std::string checks_table(const std::vector<CheckResult>& results);
// {"verdict":"FAIL","checks":[{"name":…,"verdict":…,"finding":…,"hint":…}]}
std::string checks_json(const std::vector<CheckResult>& results);

}  // namespace smc::node
