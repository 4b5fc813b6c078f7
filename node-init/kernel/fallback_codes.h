// Why the kernel's SMC fell back to TCP: every code of a CLC decline (SMC_CLC_DECL_… in the
// kernel's net/smc/smc_clc.h, 6.12) in words, with what can be done about it. Constant data, safe
// on any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace smc::node {

struct FallbackCode {
  std::uint32_t code;
  std::string_view name;     // for labels: "peer_no_smc"
  std::string_view meaning;  // one sentence, without a full stop
  std::string_view hint;
};

std::span<const FallbackCode> fallback_codes();  // in the order of their numbers

// The peer's code says why; this one only that it did.
inline constexpr std::uint32_t kPeerDeclined = 0x05000000;

// Nothing for a code that is not in the table.
const FallbackCode* find_fallback_code(std::uint32_t code);

// "0x03010000 (the peer does not speak SMC)"; an unknown one as its number alone.
std::string describe_fallback(std::uint32_t code);

// Codes as people have them: "0x03010000", "3010000", or "05000000/03030000", the local code and
// the peer's, as smcss prints them. Nothing if it is none of these.
struct CodePair {
  std::uint32_t local = 0;
  std::optional<std::uint32_t> peer;

  bool operator==(const CodePair&) const = default;
};
std::optional<CodePair> parse_fallback_codes(std::string_view text);

}  // namespace smc::node
