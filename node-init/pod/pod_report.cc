#include "node-init/pod/pod_report.h"

#include <cstdio>

#include <nlohmann/json.hpp>

#include "base/json_text.h"
#include "base/version.h"
#include "node-init/kernel/fallback_codes.h"

namespace smc::node {
namespace {

using Json = nlohmann::ordered_json;  // what matters most comes first

// Of the texts in the summary, of up to four bytes each: six short and two long ones fill less than
// 3,200 bytes, and the rest is for keys and warnings.
constexpr std::size_t kTextCharacters = 64;
constexpr std::size_t kReasonCharacters = 200;

// "verified" is said of what the pod's own programs get: without a switch for them the set-up ends
// before the self-test, which asks for SMC itself.
std::string result_name(const PodReport& report, OnFailure on_failure, bool dry_run) {
  if (report.not_switched) return "not_switched";
  if (report.code != ExitCode::kDone)
    return on_failure == OnFailure::kFallback ? "fallback" : "failed";
  if (dry_run) return "planned";
  return report.self_test || report.verified_by_agent ? "verified" : "set-up";
}

// Which of the exit codes 2 to 4 it was, whatever became of it.
std::string_view cause_name(ExitCode code) {
  switch (code) {
    case ExitCode::kNotPossible:
      return "precondition";
    case ExitCode::kRefused:
      return "kernel";
    case ExitCode::kFellBack:
      return "self-test";
    default:
      return "";
  }
}

Json self_test_json(const SelfTestResult& test) {
  Json json = {{"mode", test.is_smcr ? "SMC-R" : "TCP"}, {"tookMs", test.took.count()}};
  if (!test.is_smcr && !test.failure) {
    char code[11];
    std::snprintf(code, sizeof code, "0x%08x", test.telling_code);
    json["code"] = code;
  }
  return json;
}

void add_text(Json& summary, const char* key, const std::string& text) {
  if (!text.empty()) summary[key] = printable(text, kTextCharacters);
}

// Warnings, each with its step, as many as there is room for.
void add_warnings(Json& summary, const PodReport& report) {
  auto warnings = Json::array();
  int left_out = 0;
  for (const PodStep& step : report.steps) {
    if (step.outcome != StepOutcome::kWarning) continue;
    warnings.push_back(printable(std::string(step.name) + ": " + step.text, kReasonCharacters));
    Json tried = summary;
    tried["warnings"] = warnings;
    // Room for the count of those left out.
    if (tried.dump().size() <= kMaxSummaryBytes - 40) continue;
    warnings.erase(warnings.size() - 1);
    ++left_out;
  }
  if (!warnings.empty()) summary["warnings"] = warnings;
  if (left_out > 0) summary["warningsLeftOut"] = left_out;
}

}  // namespace

std::string step_line(const PodStep& step) {
  char head[40];
  std::snprintf(head, sizeof head, "%d %-10.10s  %-7.7s  ", step.number,
                std::string(step.name).c_str(), std::string(outcome_name(step.outcome)).c_str());
  const std::string line = head + step.text;
  return step.hint.empty() ? line : line + "\n  hint: " + step.hint;
}

ExitCode final_code(const PodReport& report, OnFailure on_failure) {
  return on_failure == OnFailure::kFallback ? ExitCode::kDone : report.code;
}

std::string summary_json(const PodReport& report, OnFailure on_failure, bool dry_run) {
  Json summary = {{"version", kVersion},
                  {"result", result_name(report, on_failure, dry_run)},
                  {"exitCode", exit_status(final_code(report, on_failure))}};
  add_text(summary, "pnetid", report.pnetid);
  add_text(summary, "pnetidReason", report.pnetid_reason);
  add_text(summary, "interface", report.interface);
  add_text(summary, "address", report.address);
  add_text(summary, "device", report.device);
  add_text(summary, "programs", report.programs);
  if (report.excluded_destinations != 0)
    summary["excludedDestinations"] = report.excluded_destinations;
  if (report.waited) summary["waitedMs"] = report.waited->count();
  if (report.self_test) summary["selfTest"] = self_test_json(*report.self_test);
  if (report.code != ExitCode::kDone && !report.steps.empty()) {
    const PodStep& failed = report.steps.back();
    summary["cause"] = cause_name(report.code);
    summary["step"] = std::string(failed.name);
    summary["reason"] = printable(failed.text, kReasonCharacters);
    summary["hint"] = printable(failed.hint, kReasonCharacters);
  }
  add_warnings(summary, report);
  return summary.dump();
}

}  // namespace smc::node
