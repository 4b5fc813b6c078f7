#include "kubectl/check.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace smc::kubectl {
namespace {

// Of a finding's details; JSON has all of them.
constexpr std::size_t kMaxDetails = 10;

Verdict worst(const Group& group) {
  Verdict verdict = Verdict::kPass;
  for (const Finding& finding : group.findings) verdict = std::max(verdict, finding.verdict);
  return verdict;
}

std::size_t count_of(const std::vector<Group>& groups, Verdict verdict) {
  std::size_t count = 0;
  for (const Group& group : groups)
    count +=
        static_cast<std::size_t>(std::ranges::count(group.findings, verdict, &Finding::verdict));
  return count;
}

std::string closing(const std::vector<Group>& groups) {
  const std::size_t failed = count_of(groups, Verdict::kFail);
  const std::size_t warned = count_of(groups, Verdict::kWarn);
  if (failed + warned == 0) return "all is well";
  if (failed == 0) return "no failure, " + counted(warned, "warning");
  return counted(failed, "failure") + ", " + counted(warned, "warning");
}

std::string finding_text(const Finding& finding, const Style& style) {
  std::string out = sign(finding.verdict, style) + " " + finding.what + "\n";
  for (std::size_t i = 0; i < std::min(finding.details.size(), kMaxDetails); ++i)
    out += "    " + finding.details[i] + "\n";
  if (finding.details.size() > kMaxDetails)
    out += "    and " + std::to_string(finding.details.size() - kMaxDetails) +
           " more: -o json has all\n";
  return out + hint_line(finding.hint, 4);
}

}  // namespace

std::vector<Group> check(const Snapshot& snapshot) {
  return {check_server(snapshot),    check_webhook(snapshot), check_versions(snapshot),
          check_admission(snapshot), check_nodes(snapshot),   check_namespaces(snapshot),
          check_workloads(snapshot), check_pairs(snapshot),   check_alerts(snapshot)};
}

Verdict overall(const std::vector<Group>& groups) {
  Verdict verdict = Verdict::kPass;
  for (const Group& group : groups) verdict = std::max(verdict, worst(group));
  return verdict;
}

std::string check_text(const std::vector<Group>& groups, const Style& style) {
  std::string out;
  for (const Group& group : groups) {
    const std::string rule(group.title.size(), '-');
    out += bold(group.title, style) + "\n" + rule + "\n";
    for (const Finding& finding : group.findings) out += finding_text(finding, style);
    out += "\n";
  }
  return out + "verdict: " + sign(overall(groups), style) + " " + closing(groups) + "\n";
}

std::string check_json(const std::vector<Group>& groups) {
  using Json = nlohmann::ordered_json;
  Json out = {{"verdict", verdict_word(overall(groups))}, {"groups", Json::array()}};
  for (const Group& group : groups) {
    Json findings = Json::array();
    for (const Finding& finding : group.findings) {
      Json each = {{"verdict", verdict_word(finding.verdict)}, {"what", finding.what}};
      if (!finding.hint.empty()) each["hint"] = finding.hint;
      if (!finding.details.empty()) each["details"] = finding.details;
      findings.push_back(std::move(each));
    }
    out["groups"].push_back(
        {{"title", group.title}, {"verdict", verdict_word(worst(group))}, {"findings", findings}});
  }
  return out.dump(2) + "\n";
}

}  // namespace smc::kubectl
