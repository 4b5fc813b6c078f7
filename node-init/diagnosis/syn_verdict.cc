#include "node-init/diagnosis/syn_verdict.h"

#include <algorithm>

#include <arpa/inet.h>

namespace smc::node {
namespace {

using Finding = std::optional<AddressVerdict>;

const ProbeResult* find_probe(const AddressObservation& observed, Probe probe) {
  const auto found = std::ranges::find(observed.probes, probe, &ProbeResult::probe);
  return found == observed.probes.end() ? nullptr : &*found;
}

bool is_answered(const ProbeResult* result) {
  return result != nullptr && result->answer == SynAnswer::kSynAck;
}

std::string tries_text(const ProbeResult& result) {
  return result.tries == 1 ? "1 try" : std::to_string(result.tries) + " tries";
}

std::string probe_words(Probe probe) {
  switch (probe) {
    case Probe::kPlain:
      return "a plain SYN";
    case Probe::kSmc:
      return "a SYN with SMC's option";
    case Probe::kSmcFull:
      return "a SYN with SMC's option and all 40 bytes of options";
    case Probe::kUnknown:
      break;
  }
  return "a SYN with an option that no protocol uses";
}

std::string without_answer(const ProbeResult& result) {
  return probe_words(result.probe) +
         (result.answer == SynAnswer::kReset ? " is refused (" : " is not answered (") +
         tries_text(result) + ")";
}

AddressVerdict not_tested(const AddressObservation& observed, const ProbeResult* plain) {
  if (plain != nullptr && plain->answer == SynAnswer::kReset)
    return {SynVerdict::kNotTested, "refused: nothing listens on this port"};
  if (!observed.trouble.empty()) return {SynVerdict::kNotTested, observed.trouble};
  return {SynVerdict::kNotTested,
          "no answer to a plain SYN: it is filtered, or nothing has this address"};
}

// What is said of a kind 254 that nobody asked for.
std::string foreign_option(const ProbeResult& result, const TcpOption& option) {
  std::string text = "the answer to " + probe_words(result.probe) + " holds option 254 with ";
  if (option.body.size() + 2 == kToaBytes) {
    const std::uint32_t address = htonl(u32_at(option.body, 2));
    char dotted[INET_ADDRSTRLEN] = "";
    ::inet_ntop(AF_INET, &address, dotted, sizeof dotted);
    return text + "another body, an LVS TOA (" + dotted + ":" +
           std::to_string(u16_at(option.body, 0)) + ")";
  }
  return text + "another body (" + hex_text(option.bytes()) + ")";
}

Finding replay(const AddressObservation& observed, std::uint32_t magic) {
  for (const ProbeResult& result : observed.probes) {
    if (result.probe != Probe::kUnknown) continue;
    for (const TcpOption& option : parse_tcp_options(result.options).list)
      if (carries_magic(option, kUnusedMagic))
        return AddressVerdict{SynVerdict::kReplay,
                              "an option that no protocol uses comes back in the SYN-ACK: options "
                              "are repeated, and any server looks as if it spoke SMC"};
  }
  const bool with_smc = std::ranges::any_of(
      observed.probes, [&](const ProbeResult& result) { return answers_with_smc(result, magic); });
  if (!with_smc || observed.clc == ClcOutcome::kAnswered) return std::nullopt;
  return AddressVerdict{SynVerdict::kReplay,
                        "SMC's option comes back, but the peer does not answer SMC's handshake "
                        "(CLC)"};
}

Finding foreign(const AddressObservation& observed, std::uint32_t magic) {
  for (const ProbeResult& result : observed.probes) {
    const auto sent = probe_magic(result.probe, magic);
    for (const TcpOption& option : parse_tcp_options(result.options).list)
      if (option.kind == kExperimentKind && !(sent && carries_magic(option, *sent)))
        return AddressVerdict{SynVerdict::kConflict, foreign_option(result, option)};
  }
  return std::nullopt;
}

Finding overlength(const AddressObservation& observed, std::uint32_t magic) {
  const ProbeResult* full = find_probe(observed, Probe::kSmcFull);
  if (full == nullptr) return std::nullopt;
  if (!is_answered(full))
    return AddressVerdict{SynVerdict::kOverlength,
                          without_answer(*full) + ", one with 28 bytes is"};
  if (full->header_cut || parse_tcp_options(full->options).cut)
    return AddressVerdict{SynVerdict::kOverlength,
                          "the answer to " + probe_words(full->probe) + " is cut"};
  const ProbeResult* smc = find_probe(observed, Probe::kSmc);
  if (smc != nullptr && answers_with_smc(*smc, magic) && !answers_with_smc(*full, magic))
    return AddressVerdict{SynVerdict::kOverlength,
                          "SMC's option is cut off where it ends all 40 bytes of options, and is "
                          "not where the options have 28"};
  return std::nullopt;
}

Finding lost(const AddressObservation& observed, std::uint32_t magic) {
  const ProbeResult* smc = find_probe(observed, Probe::kSmc);
  const ProbeResult* full = find_probe(observed, Probe::kSmcFull);
  const bool unanswered =
      (smc != nullptr && !is_answered(smc)) || (full != nullptr && !is_answered(full));
  if (unanswered && observed.gone)
    return AddressVerdict{SynVerdict::kNotTested,
                          "the peer went away meanwhile: even a plain SYN is no longer answered"};
  if (smc != nullptr && !is_answered(smc))
    return AddressVerdict{SynVerdict::kConflict, without_answer(*smc) + ", a plain one is"};
  if (smc != nullptr && (smc->header_cut || parse_tcp_options(smc->options).cut))
    return AddressVerdict{SynVerdict::kConflict,
                          "the answer to " + probe_words(smc->probe) + " is cut"};
  return overlength(observed, magic);
}

}  // namespace

std::string_view verdict_name(SynVerdict verdict) {
  switch (verdict) {
    case SynVerdict::kClean:
      return "clean";
    case SynVerdict::kReplay:
      return "replay";
    case SynVerdict::kConflict:
      return "conflict";
    case SynVerdict::kOverlength:
      return "overlength";
    case SynVerdict::kNotTested:
      break;
  }
  return "not_tested";
}

AddressVerdict judge_address(const AddressObservation& observed, std::uint32_t magic) {
  const ProbeResult* plain = find_probe(observed, Probe::kPlain);
  if (!is_answered(plain)) return not_tested(observed, plain);
  if (const auto found = replay(observed, magic)) return *found;
  if (const auto found = foreign(observed, magic)) return *found;
  if (const auto found = lost(observed, magic)) return *found;
  for (const Probe probe : {Probe::kSmc, Probe::kSmcFull, Probe::kUnknown})
    if (find_probe(observed, probe) == nullptr)
      return {SynVerdict::kNotTested,
              observed.trouble.empty() ? "the time was up" : observed.trouble};
  if (observed.clc == ClcOutcome::kAnswered)
    return {SynVerdict::kClean, "SMC's option comes through, and the peer speaks SMC"};
  return {SynVerdict::kClean,
          "SMC's option is not answered and does no harm: connections will be TCP"};
}

std::optional<std::string> experiment_option_in(const ProbeResult& result) {
  const TcpOptions options = parse_tcp_options(result.options);
  const TcpOption* option = options.find(kExperimentKind);
  if (option == nullptr) return std::nullopt;
  return option->bytes();
}

bool answers_with_smc(const ProbeResult& result, std::uint32_t smc_magic) {
  if (result.probe != Probe::kSmc && result.probe != Probe::kSmcFull) return false;
  return std::ranges::any_of(parse_tcp_options(result.options).list, [&](const TcpOption& option) {
    return carries_magic(option, smc_magic);
  });
}

std::string hex_text(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    text += kDigits[static_cast<std::uint8_t>(byte) >> 4];
    text += kDigits[static_cast<std::uint8_t>(byte) & 0x0f];
  }
  return text;
}

}  // namespace smc::node
