// Whose connections a server has: how many each address holds, and which address holds more than
// half of all places. Server's thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "http/asio_types.h"

namespace smc::http {

// An IPv4 address, or the /64 of an IPv6 one, which is one machine's or one network's to give out.
using Origin = std::uint64_t;

Origin origin_of(const net::ip::address& address);

class Places {
 public:
  void take(Origin origin) { ++held_[origin]; }
  void give_back(Origin origin);

  std::size_t held_by(Origin origin) const;

  // The one that holds more than `share`, which is at least half of all places, so that there is
  // one at most.
  std::optional<Origin> above(std::size_t share) const;

 private:
  std::unordered_map<Origin, std::size_t> held_;
};

}  // namespace smc::http
