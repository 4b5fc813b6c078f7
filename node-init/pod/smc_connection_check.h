// One real SMC connection, and what became of it. It runs in a network namespace of its own, made
// for the test, with the pod's address on the loopback device: a connection to one's own address
// goes over `lo`, whatever interface has the address, so that in the pod itself `lo` would need a
// pnetid, and every local connection of the pod would then go through the RDMA device. The scratch
// namespace also leaves nothing behind when the test is killed, and two tests at once do not meet.
// Tested is thus all but the pod's own pnetid entry: module, device, UEID, addresses, memory,
// queue pairs. Safe on any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "node-init/kernel/links.h"
#include "node-init/kernel/system.h"

namespace smc::node {

// The kernel gives the handshake's TCP part 6 s (CLC_WAIT_TIME in smc_clc.h) and the first message
// over RDMA another 5 s (SMC_LLC_WAIT_FIRST_TIME in smc_llc.h); a little more for a busy node.
inline constexpr std::chrono::milliseconds kSelfTestTimeout{15'000};

struct SelfTestResult {
  bool is_smcr = false;
  std::string device;              // with is_smcr: the RDMA device that was used
  std::uint32_t local_code = 0;    // otherwise: the client's fallback code
  std::uint32_t peer_code = 0;     // and the server's diagnosis
  std::uint32_t telling_code = 0;  // of the two the one that names the cause
  std::optional<Error> failure;    // there was no connection at all, not even over TCP
  bool was_reset = false;          // a first connection was reset, this is about the second
  std::chrono::milliseconds took{0};
};

// A connection that joins a link group whose link has died unnoticed is reset, and the kernel ends
// that group: the next connection makes a new one (seen on 6.12 when a second RDMA device came). So
// a reset is no verdict the first time. Both connections together take kSelfTestTimeout at most.
//
// `address`: the one whose use is tested. An error means that the test could not be made and says
// nothing about SMC.
Result<SelfTestResult> run_self_test(System& system, const Ipv4Address& address,
                                     const std::string& pnetid);

}  // namespace smc::node
