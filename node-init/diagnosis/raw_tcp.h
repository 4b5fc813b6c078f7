// One TCP conversation of `syn-check` that the kernel does not lead: segments go out and come in as
// they are. In the calling thread's network namespace; for one thread at a time. Needs CAP_NET_RAW.
//
// The local port is held by a listening socket whose filter drops all, so that nobody else gets the
// port and the kernel stays silent where it would reset a connection that it does not know. When
// this object, or the program, is gone, a late SYN-ACK is reset by the kernel.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/fd.h"
#include "base/result.h"
#include "node-init/diagnosis/tcp_segment.h"

namespace smc::node {

class RawTcp {
 public:
  // Towards an IPv4 address, all in host order. EPERM without CAP_NET_RAW, ENETUNREACH without a
  // route.
  static Result<RawTcp> open(std::uint32_t address, std::uint16_t port);

  // Addresses and ports are filled in.
  Result<void> send(TcpSegment segment);

  // The next segment of this conversation; nothing when the deadline has come. An error is what an
  // ICMP message says.
  Result<std::optional<TcpSegment>> receive(std::chrono::steady_clock::time_point deadline);

 private:
  RawTcp(Fd raw, Fd holder) : raw_(std::move(raw)), holder_(std::move(holder)) {}

  Fd raw_;
  Fd holder_;
  std::uint32_t local_ = 0;
  std::uint32_t peer_ = 0;
  std::uint16_t local_port_ = 0;
  std::uint16_t peer_port_ = 0;
};

}  // namespace smc::node
