// A TCP connection whose every wait ends at a deadline or a stop, name resolution included. Safe on
// any thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/fd.h"
#include "kube/error.h"
#include "kube/stop.h"

namespace smc::kube {

// A connected, non-blocking socket to the first address of `host` (a name, an IPv4 or IPv6 address)
// that answers. A peer that vanished without a word is noticed within half a minute of silence.
Outcome<Fd> connect_to(const std::string& host, std::uint16_t port, const Stop& stop,
                       SteadyTime deadline);

}  // namespace smc::kube
