#include "node-init/diagnosis/checks.h"

#include <algorithm>
#include <utility>

namespace smc::node {

std::string_view verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
      return "PASS";
    case Verdict::kWarn:
      return "WARN";
    case Verdict::kFail:
      return "FAIL";
  }
  return "";
}

CheckResult pass(std::string name, std::string finding) {
  return {std::move(name), Verdict::kPass, std::move(finding), {}};
}

CheckResult warn(std::string name, std::string finding, std::string hint) {
  return {std::move(name), Verdict::kWarn, std::move(finding), std::move(hint)};
}

CheckResult fail(std::string name, std::string finding, std::string hint) {
  return {std::move(name), Verdict::kFail, std::move(finding), std::move(hint)};
}

CheckResult blocked(std::string name, std::string by) {
  CheckResult result = warn(std::move(name), "not known while the check '" + by + "' does not hold",
                            "see the check '" + by + "'");
  result.blocked_by = std::move(by);
  return result;
}

CheckResult unknown(std::string name, const Error& error) {
  return warn(std::move(name), "cannot tell: " + error.text(),
              error.hint.empty() ? "run it as root on the node" : error.hint);
}

std::vector<CheckResult> run_checks(System& system, const CheckOptions& options,
                                    const std::vector<CheckFunction>& checks) {
  std::vector<CheckResult> results;
  for (const CheckFunction check : checks) results.push_back(check(system, options));
  return results;
}

Verdict overall(const std::vector<CheckResult>& results) {
  Verdict worst = Verdict::kPass;
  for (const CheckResult& result : results) worst = std::max(worst, result.verdict);
  return worst;
}

}  // namespace smc::node
