// TCP segments over IPv4 as bytes, and the first messages of SMC's CLC exchange, for `syn-check`.
// Pure functions, safe on any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace smc::node {

inline constexpr std::uint8_t kTcpFin = 0x01;
inline constexpr std::uint8_t kTcpSyn = 0x02;
inline constexpr std::uint8_t kTcpReset = 0x04;
inline constexpr std::uint8_t kTcpPush = 0x08;
inline constexpr std::uint8_t kTcpAck = 0x10;

// Addresses and ports in host order.
struct TcpSegment {
  std::uint32_t source = 0;
  std::uint32_t destination = 0;
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  std::uint32_t sequence = 0;
  std::uint32_t acknowledgment = 0;
  std::uint8_t flags = 0;
  std::string options = {};  // a multiple of four bytes, at most 40
  std::string payload = {};
  bool header_cut = false;  // of a received one: the header is longer than the packet
};

// The TCP header with its checksum, and the payload.
std::string tcp_bytes(const TcpSegment& segment);

// What a raw socket receives: an IPv4 packet. Nothing where it is no TCP or lacks the first 20
// bytes of its header; the kernel has checked IPv4's own.
std::optional<TcpSegment> parse_ipv4_tcp(std::string_view packet);

// A CLC proposal of SMC-R version 1 (RFC 7609, 4.4 and A.2) that a peer has to decline, since no
// subnet is the one that it names: nothing is set up there.
std::string clc_proposal();

// Whether the bytes begin with a whole accept or decline: eyecatcher, type, length and the
// eyecatcher at its end. A proposal that comes back as it was sent is none.
bool is_clc_answer(std::string_view bytes);

}  // namespace smc::node
