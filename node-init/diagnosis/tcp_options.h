// TCP options as bytes: those of the probes that `syn-check` sends, and those of what answers them.
// Pure functions, safe on any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace smc::node {

inline constexpr std::size_t kMaxTcpOptionBytes = 40;  // RFC 9293, 3.1: the data offset has 4 bits
inline constexpr std::uint8_t kEndOfOptions = 0;
inline constexpr std::uint8_t kNoOperation = 1;
inline constexpr std::uint8_t kTimestampsKind = 8;
inline constexpr std::uint8_t kExperimentKind = 254;       // RFC 6994
inline constexpr std::size_t kToaBytes = 8;                // kind, length, port, IPv4 address
inline constexpr std::uint32_t kSmcMagic = 0xE2D4C3D9;     // "SMCR" in EBCDIC, RFC 7609, A.1
inline constexpr std::uint32_t kUnusedMagic = 0x7E57D1A6;  // of no protocol

// What a SYN of `syn-check` carries beside the usual 20 bytes (MSS, SACK permitted, timestamps,
// window scale).
enum class Probe {
  kPlain,    // nothing
  kSmc,      // SMC's option as the kernel sends it: 28 bytes in all
  kSmcFull,  // the same at the end of all 40 bytes
  kUnknown,  // kUnusedMagic in the place of SMC's
};

// "plain", "smc", "smc_full", "unknown"
std::string_view probe_name(Probe probe);

// The experiment identifier that a probe carries; nothing for the plain one.
std::optional<std::uint32_t> probe_magic(Probe probe, std::uint32_t smc_magic);

// The options of a probe, a multiple of four bytes.
std::string syn_options(Probe probe, std::uint32_t smc_magic, std::uint32_t timestamp);

// The options of the segments after the handshake, where timestamps were agreed on.
std::string timestamp_options(std::uint32_t timestamp, std::uint32_t echoed);

struct TcpOption {
  std::uint8_t kind = 0;
  std::string body;  // behind kind and length

  // Kind, length and body.
  std::string bytes() const;
};

struct TcpOptions {
  std::vector<TcpOption> list;  // without padding
  bool cut = false;             // an option is longer than what is there, or its length is none

  // The first option of a kind; null where there is none.
  const TcpOption* find(std::uint8_t kind) const;
};

TcpOptions parse_tcp_options(std::string_view bytes);

// Whether an option is kind 254 with exactly this identifier.
bool carries_magic(const TcpOption& option, std::uint32_t magic);

// The 32 bits in network order, as options and headers have them.
void append_u16(std::string& out, std::uint16_t value);
void append_u32(std::string& out, std::uint32_t value);
std::uint16_t u16_at(std::string_view bytes, std::size_t at);
std::uint32_t u32_at(std::string_view bytes, std::size_t at);

}  // namespace smc::node
