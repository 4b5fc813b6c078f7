// The probes of `syn-check` towards one address. In the calling thread's network namespace, safe on
// any thread. Needs CAP_NET_RAW.
#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>

#include "base/result.h"
#include "node-init/diagnosis/syn_verdict.h"

namespace smc::node {

inline constexpr int kMaxTries = 3;  // of each of the four probes: at most 12 SYNs

struct ProbeOptions {
  std::uint32_t magic = kSmcMagic;
  // How long one SYN waits: TCP's own first retransmission comes after 1 s (RFC 6298, 2.1).
  std::chrono::milliseconds answer_timeout{1000};
  // How long the peer has for its part of the CLC exchange: as long as the kernel's own client
  // gives it (CLC_WAIT_TIME, net/smc/smc_clc.h), so that a slow peer is not taken for none.
  std::chrono::milliseconds clc_timeout{6000};
  std::stop_token stop = {};  // asked between two SYNs
};

// Sends the probes and resets what they have opened; a SYN-ACK with SMC's option is followed by a
// CLC proposal. Sends nothing more once `deadline` has come. An error where no raw socket can be
// had.
Result<AddressObservation> observe_address(std::uint32_t address, std::uint16_t port,
                                           const ProbeOptions& options,
                                           std::chrono::steady_clock::time_point deadline);

}  // namespace smc::node
