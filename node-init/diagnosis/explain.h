// `smc-node-init explain`: fallback codes as people have them, in words. Pure functions, safe on
// any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace smc::node {

// One code that was asked for.
struct AskedCode {
  std::uint32_t code = 0;  // 0: that end gave no reason
  bool is_peers = false;   // behind a slash: what the peer said

  bool operator==(const AskedCode&) const = default;
};

// Reads what people paste: "0x03010000", "3010000", several of them, "05000000/03030000" (the local
// code and the peer's), the same with spaces, a row of smcss ("… TCP 0x05000000/0x03030000"), the
// kernel's names (SMC_CLC_DECL_PEERNOSMC) and ours (peer_no_smc). An empty list: the row is one of
// a connection that did not fall back.
Result<std::vector<AskedCode>> parse_asked_codes(std::string_view text);

// Each code with its meaning and its hint. Nothing for a code that is not known.
std::optional<std::string> explained(const AskedCode& asked);

}  // namespace smc::node
