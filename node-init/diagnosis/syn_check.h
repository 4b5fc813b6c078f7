// `smc-node-init syn-check`: whether what is on the way to a TCP server breaks option 254, by which
// SMC is agreed on. In the calling thread's network namespace, safe on any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/exit_code.h"
#include "node-init/diagnosis/syn_probe.h"
#include "node-init/diagnosis/syn_target.h"
#include "node-init/diagnosis/syn_verdict.h"

namespace smc::node {

// A Service without a cluster address has one for each of its pods.
inline constexpr std::size_t kMaxProbedAddresses = 64;

struct SynCheckOptions {
  ProbeOptions probes = {};
  std::optional<ResolverConfig> resolver =
      {};  // of whose names the target's is; none: this machine
  // For all addresses, after the name was resolved. One that is begun takes up to 16 s more.
  std::chrono::seconds limit{60};
};

struct AddressReport {
  std::string address;  // "10.0.0.1:80"
  AddressObservation observed = {};
  AddressVerdict verdict = {};
};

struct SynCheckReport {
  std::string target;  // as it was given
  std::vector<AddressReport> addresses = {};
  AddressVerdict verdict =
      {};                 // a fault of any address, else the first that was not tested, else clean
  std::string hint = {};  // empty where all is clean

  // kDone clean, kNotPossible not tested, kFault a fault
  ExitCode exit() const;
};

// Cannot fail: what could not be tested is a verdict.
SynCheckReport syn_check(const SynTarget& target, const SynCheckOptions& options);

std::string syn_check_text(const SynCheckReport& report, std::uint32_t smc_magic);
std::string syn_check_json(const SynCheckReport& report);

}  // namespace smc::node
