#include "node-init/diagnosis/syn_check.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include <nlohmann/json.hpp>

#include "base/keys.h"

namespace smc::node {
namespace {

using Json = nlohmann::ordered_json;

std::string dotted(std::uint32_t address) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8)
    text += (text.empty() ? "" : ".") + std::to_string(address >> shift & 0xff);
  return text;
}

bool is_fault(SynVerdict verdict) {
  return verdict != SynVerdict::kClean && verdict != SynVerdict::kNotTested;
}

std::string verdict_hint(const AddressReport& decides) {
  switch (decides.verdict.verdict) {
    case SynVerdict::kClean:
      return "";
    case SynVerdict::kNotTested:
      return "give an address and a port on which a TCP server answers this network namespace";
    case SynVerdict::kReplay:
    case SynVerdict::kConflict:
    case SynVerdict::kOverlength:
      break;
  }
  return "SMC breaks on the way there: exclude the destination for the pods that connect to it "
         "(annotation " +
         std::string(kExcludeDestinationsAnnotation) + ": " + decides.address +
         "), or remove their annotation " + std::string(kEnabledAnnotation);
}

void conclude(SynCheckReport& report) {
  const auto verdict_of = [](const AddressReport& address) { return address.verdict.verdict; };
  auto decides = std::ranges::find_if(report.addresses, is_fault, verdict_of);
  if (decides == report.addresses.end())
    decides = std::ranges::find(report.addresses, SynVerdict::kNotTested, verdict_of);
  if (decides == report.addresses.end()) decides = report.addresses.begin();
  report.verdict = decides->verdict;
  if (report.hint.empty()) report.hint = verdict_hint(*decides);
}

std::string_view answer_name(SynAnswer answer) {
  switch (answer) {
    case SynAnswer::kNone:
      return "none";
    case SynAnswer::kReset:
      return "reset";
    case SynAnswer::kSynAck:
      break;
  }
  return "syn_ack";
}

Json probe_json(const ProbeResult& result) {
  const auto option = experiment_option_in(result);
  return {{"probe", probe_name(result.probe)},
          {"tries", result.tries},
          {"answer", answer_name(result.answer)},
          {"options", hex_text(result.options)},
          {"option254", option ? Json(hex_text(*option)) : Json()}};
}

std::string probe_text(const ProbeResult& result) {
  constexpr std::array<const char*, 4> kLabels = {"A plain", "B SMC's option",
                                                  "C the same, 40 bytes", "D unknown option"};
  char line[64];
  std::snprintf(line, sizeof line, "  %-21s %-9s",
                kLabels.at(static_cast<std::size_t>(result.probe)),
                result.answer == SynAnswer::kSynAck  ? "SYN-ACK"
                : result.answer == SynAnswer::kReset ? "reset"
                                                     : "no answer");
  std::string text = line + std::string("  ") + std::to_string(result.tries) +
                     (result.tries == 1 ? " try" : " tries");
  if (const auto option = experiment_option_in(result)) text += ", option " + hex_text(*option);
  return text + "\n";
}

}  // namespace

ExitCode SynCheckReport::exit() const {
  if (verdict.verdict == SynVerdict::kClean) return ExitCode::kDone;
  return is_fault(verdict.verdict) ? ExitCode::kFault : ExitCode::kNotPossible;
}

SynCheckReport syn_check(const SynTarget& target, const SynCheckOptions& options) {
  SynCheckReport report{.target = target.text};
  const auto resolved = resolve_ipv4(target, options.resolver ? &*options.resolver : nullptr);
  if (!resolved) {
    report.verdict.why = resolved.error().text();
    report.hint = resolved.error().hint;
    return report;
  }
  const auto deadline = std::chrono::steady_clock::now() + options.limit;
  for (const std::uint32_t address : *resolved) {
    AddressReport entry{.address = dotted(address) + ":" + std::to_string(target.port)};
    if (report.addresses.size() >= kMaxProbedAddresses) {
      entry.verdict.why =
          "not tested: one run is for " + std::to_string(kMaxProbedAddresses) + " addresses";
    } else if (std::chrono::steady_clock::now() >= deadline) {
      entry.verdict.why = "not tested: the time was up";
    } else if (auto observed = observe_address(address, target.port, options.probes, deadline)) {
      entry.observed = std::move(*observed);
      entry.verdict = judge_address(entry.observed, options.probes.magic);
    } else {
      entry.verdict.why = observed.error().text();
      report.hint = observed.error().hint;
    }
    report.addresses.push_back(std::move(entry));
  }
  conclude(report);
  return report;
}

std::string syn_check_text(const SynCheckReport& report, std::uint32_t smc_magic) {
  std::string text;
  for (const AddressReport& entry : report.addresses) {
    text += entry.address + "  " + std::string(verdict_name(entry.verdict.verdict)) + ": " +
            entry.verdict.why + "\n";
    for (const ProbeResult& result : entry.observed.probes) text += probe_text(result);
    const bool asked = entry.observed.clc != ClcOutcome::kNotAsked;
    if (asked)
      text += std::string("  SMC's handshake (CLC)  ") +
              (entry.observed.clc == ClcOutcome::kAnswered ? "answered\n" : "not answered\n");
  }
  text += report.target + ": " + std::string(verdict_name(report.verdict.verdict)) + ": " +
          report.verdict.why + "\n";
  if (smc_magic != kSmcMagic) {
    std::string magic;
    append_u32(magic, smc_magic);
    text += "tested with the experiment identifier " + hex_text(magic) + "\n";
  }
  if (!report.hint.empty()) text += "  hint: " + report.hint + "\n";
  return text;
}

std::string syn_check_json(const SynCheckReport& report) {
  auto addresses = Json::array();
  for (const AddressReport& entry : report.addresses) {
    auto probes = Json::array();
    for (const ProbeResult& result : entry.observed.probes) probes.push_back(probe_json(result));
    addresses.push_back({{"address", entry.address},
                         {"verdict", verdict_name(entry.verdict.verdict)},
                         {"why", entry.verdict.why},
                         {"probes", probes}});
  }
  const Json json = {{"target", report.target},
                     {"addresses", addresses},
                     {"verdict", verdict_name(report.verdict.verdict)},
                     {"why", report.verdict.why},
                     {"hint", report.hint},
                     {"exit", exit_status(report.exit())}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace smc::node
