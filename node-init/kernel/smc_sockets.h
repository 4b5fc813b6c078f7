// The SMC sockets of the calling thread's network namespace, from sock_diag: who talks to whom, and
// whether by RDMA or by TCP and why. Safe on any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "node-init/kernel/system.h"

namespace smc::node {

enum class SocketMode { kSmcR, kTcp, kSmcD, kUnknown };

// Values of smc_state in the kernel's smc.h; those that are not named here are steps of closing.
enum class SocketState : std::uint8_t { kActive = 1, kInit = 2, kClosed = 7, kListen = 10 };

struct SmcSocket {
  SocketState state = SocketState::kInit;
  // What became of the connection. A socket that is not active yet may still fall back, and one
  // that listens has no mode: kUnknown for both.
  SocketMode mode = SocketMode::kUnknown;
  std::string local_address;  // "0.0.0.0" for IPPROTO_SMC sockets on 6.12: the kernel hides it
  std::uint16_t local_port = 0;
  std::string peer_address;
  std::uint16_t peer_port = 0;
  std::uint64_t inode = 0;  // 0: not accepted by a program yet
  std::uint32_t uid = 0;
  std::uint32_t fallback_reason = 0;  // with kTcp: this side's code
  std::uint32_t peer_diagnosis = 0;   // and the peer's, if it told
  std::string device;                 // with kSmcR: RDMA device, port, GIDs of the link
  int device_port = 0;
  std::string gid;
  std::string peer_gid;
};

Result<std::vector<SmcSocket>> smc_sockets(System& system);

std::string_view mode_name(SocketMode mode);  // "SMC-R", "TCP", "SMC-D", "-"
std::string state_name(SocketState state);    // "ACTIVE", "LISTEN", …

}  // namespace smc::node
