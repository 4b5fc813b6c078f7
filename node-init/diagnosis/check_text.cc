// The results of checks for people and for programs.
#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

#include <nlohmann/json.hpp>

#include "node-init/diagnosis/checks.h"

namespace smc::node {
namespace {

// What belongs together for a reader. A check that is not named here is one of the node.
struct Group {
  std::string_view title;
  std::vector<std::string_view> checks;
};
const std::array<Group, 4>& groups() {
  static const std::array<Group, 4> kGroups = {
      {{"Kernel",
        {"kernel", "kernel fixes", "smc", "socket list", "switch", "programs", "bpf switch",
         "handshake"}},
       {"RDMA",
        {"rdma device", "rdma sharing", "gids", "queue pairs", "device pnetid", "ueid",
         "reserved ports"}},
       {"Network namespace", {"namespace", "privilege", "interface", "pnetid", "fallbacks"}},
       {"Node", {}}}};
  return kGroups;
}

std::size_t group_of(const std::string& check) {
  for (std::size_t i = 0; i < groups().size(); ++i)
    if (std::ranges::find(groups()[i].checks, check) != groups()[i].checks.end()) return i;
  return groups().size() - 1;
}

// The escape sequences of ECMA-48, "select graphic rendition".
constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kPlain = "\x1b[0m";
std::string_view colour_of(Verdict verdict) {
  constexpr std::string_view kGreen = "\x1b[32m";
  constexpr std::string_view kYellow = "\x1b[33m";
  constexpr std::string_view kRed = "\x1b[31m";
  if (verdict == Verdict::kPass) return kGreen;
  return verdict == Verdict::kWarn ? kYellow : kRed;
}

std::string painted(std::string_view text, std::string_view with, bool colour) {
  if (!colour) return std::string(text);
  return std::string(with).append(text).append(kPlain);
}

std::string result_lines(const CheckResult& result, bool colour) {
  char name[24];
  std::snprintf(name, sizeof name, "  %-16.16s  ", result.name.c_str());
  std::string lines = "  " +
                      painted(verdict_name(result.verdict), colour_of(result.verdict), colour) +
                      name + result.finding + "\n";
  if (!result.hint.empty()) lines += "        hint: " + result.hint + "\n";
  return lines;
}

// "not checked while smc does not hold: socket list, ueid" for each cause.
std::string blocked_lines(const std::vector<CheckResult>& results) {
  std::map<std::string, std::string> blocked_by;
  for (const CheckResult& result : results) {
    if (result.blocked_by.empty()) continue;
    std::string& names = blocked_by[result.blocked_by];
    names.append(names.empty() ? "" : ", ").append(result.name);
  }
  std::string lines;
  for (const auto& [cause, names] : blocked_by)
    lines.append("not checked while '")
        .append(cause)
        .append("' does not hold: ")
        .append(names + "\n");
  return lines;
}

std::string verdict_line(const std::vector<CheckResult>& results, bool colour) {
  std::string failed;
  int warnings = 0;
  for (const CheckResult& result : results) {
    if (result.verdict == Verdict::kFail) failed += (failed.empty() ? "" : ", ") + result.name;
    if (result.verdict == Verdict::kWarn && result.blocked_by.empty()) ++warnings;
  }
  const Verdict verdict = overall(results);
  std::string text = "SMC-R can be used here";
  if (verdict == Verdict::kFail) text = "SMC-R cannot be used here: " + failed;
  if (verdict != Verdict::kFail && warnings > 0)
    text += warnings == 1 ? ", with a warning" : ", with " + std::to_string(warnings) + " warnings";
  return painted(verdict_name(verdict), colour_of(verdict), colour) + ": " + text + "\n";
}

}  // namespace

std::string checks_table(const std::vector<CheckResult>& results, bool colour) {
  std::string table;
  for (std::size_t i = 0; i < groups().size(); ++i) {
    std::string lines;
    for (const CheckResult& result : results)
      if (result.blocked_by.empty() && group_of(result.name) == i)
        lines += result_lines(result, colour);
    if (!lines.empty()) table += painted(groups()[i].title, kBold, colour) + "\n" + lines;
  }
  return table + blocked_lines(results) + verdict_line(results, colour);
}

std::string checks_json(const std::vector<CheckResult>& results) {
  auto list = nlohmann::ordered_json::array();
  for (const CheckResult& result : results) {
    nlohmann::ordered_json one = {{"name", result.name},
                                  {"verdict", verdict_name(result.verdict)},
                                  {"finding", result.finding},
                                  {"hint", result.hint}};
    if (!result.blocked_by.empty()) one["blockedBy"] = result.blocked_by;
    list.push_back(std::move(one));
  }
  const nlohmann::ordered_json json = {{"verdict", verdict_name(overall(results))},
                                       {"checks", list}};
  // Names of devices and interfaces come from outside and need not be UTF-8.
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace smc::node
