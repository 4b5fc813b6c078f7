#include "node-init/diagnosis/checks.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include <nlohmann/json.hpp>

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

std::string checks_table(const std::vector<CheckResult>& results) {
  std::string table;
  for (const CheckResult& result : results) {
    char head[40];
    std::snprintf(head, sizeof head, "%-4.4s  %-16.16s  ",
                  std::string(verdict_name(result.verdict)).c_str(), result.name.c_str());
    table += head + result.finding;
    if (!result.hint.empty()) table += " hint: " + result.hint;
    table += '\n';
  }
  return table;
}

std::string checks_json(const std::vector<CheckResult>& results) {
  auto list = nlohmann::ordered_json::array();
  for (const CheckResult& result : results)
    list.push_back({{"name", result.name},
                    {"verdict", verdict_name(result.verdict)},
                    {"finding", result.finding},
                    {"hint", result.hint}});
  const nlohmann::ordered_json json = {{"verdict", verdict_name(overall(results))},
                                       {"checks", list}};
  // Names of devices and interfaces come from outside and need not be UTF-8.
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace smc::node
