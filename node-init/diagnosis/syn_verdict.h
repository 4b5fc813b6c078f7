// What `syn-check` has seen of one address, and what that means. Pure functions, safe on any
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node-init/diagnosis/tcp_options.h"

namespace smc::node {

enum class SynAnswer { kNone, kReset, kSynAck };

struct ProbeResult {
  Probe probe = Probe::kPlain;
  int tries = 0;
  SynAnswer answer = SynAnswer::kNone;
  std::string options = {};  // of the SYN-ACK
  bool header_cut = false;   // of the SYN-ACK: its header is longer than the packet
};

// Whether a peer whose SYN-ACK carries SMC's option goes on with SMC's own handshake.
enum class ClcOutcome { kNotAsked, kAnswered, kNotAnswered };

struct AddressObservation {
  std::vector<ProbeResult> probes =
      {};  // in the order of Probe; none after a plain one without SYN-ACK
  ClcOutcome clc = ClcOutcome::kNotAsked;
  bool gone = false;         // the plain probe, sent once more at the end, was not answered
  std::string trouble = {};  // why nothing could be sent, or what was reported of it
};

enum class SynVerdict { kClean, kReplay, kConflict, kOverlength, kNotTested };

// "clean", "replay", "conflict", "overlength", "not_tested"
std::string_view verdict_name(SynVerdict verdict);

struct AddressVerdict {
  SynVerdict verdict = SynVerdict::kNotTested;
  std::string why = {};
};

AddressVerdict judge_address(const AddressObservation& observed, std::uint32_t smc_magic);

// The whole option of kind 254 in a SYN-ACK; nothing where it has none.
std::optional<std::string> experiment_option_in(const ProbeResult& result);

// Whether SMC's option is in the SYN-ACK to a probe that carried it.
bool answers_with_smc(const ProbeResult& result, std::uint32_t smc_magic);

std::string hex_text(std::string_view bytes);

}  // namespace smc::node
