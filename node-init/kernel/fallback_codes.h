// Why the kernel's SMC fell back to TCP: every code of a CLC decline (SMC_CLC_DECL_… in the
// kernel's net/smc/smc_clc.h, 6.12) in words, with what can be done about it. Constant data, safe
// on any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace smc::node {

struct FallbackCode {
  std::uint32_t code;
  std::string_view name;         // for labels: "peer_no_smc"
  std::string_view kernel_name;  // "PEERNOSMC", behind kKernelPrefix
  std::string_view meaning;      // one sentence, without a full stop
  std::string_view hint;
};

// How the kernel's smc_clc.h begins their names.
inline constexpr std::string_view kKernelPrefix = "SMC_CLC_DECL_";

std::span<const FallbackCode> fallback_codes();  // in the order of their numbers

// The peer's SYN or SYN-ACK had no SMC option (SMC_CLC_DECL_PEERNOSMC).
inline constexpr std::uint32_t kPeerNoSmc = 0x03010000;

// The peer's code says why; this one only that it did.
inline constexpr std::uint32_t kPeerDeclined = 0x05000000;

// Nothing for a code that is not in the table.
const FallbackCode* find_fallback_code(std::uint32_t code);

// By its name, or by the kernel's with kKernelPrefix; letters' case counts.
const FallbackCode* find_fallback_name(std::string_view name);

// "0x03010000 (the peer does not speak SMC)"; an unknown one as its number alone.
std::string describe_fallback(std::uint32_t code);

}  // namespace smc::node
