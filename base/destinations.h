// Destinations whose connections are to stay plain TCP, as users write them: in the webhook's
// configuration, a pod's annotation, and the arguments of the init container and of the node agent.
// SMC carries IPv4 alone, and so do they. Pure functions and values, safe on any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace smc {

// Where a connection leads: the address and the port that its client connects to.
struct Destination {
  std::uint32_t address = 0;  // in the host's byte order; no bit is set behind the prefix
  int prefix = 0;             // bits of the address that count; 0: every address
  std::uint16_t port = 0;     // 0: every port

  // As parse_destination() takes it.
  std::string text() const;

  bool operator==(const Destination&) const = default;
};

using Destinations = std::vector<Destination>;

// Of one list, the configuration's or a pod's. Each entry is a lookup's key in the kernel for each
// pod of a node; who needs more than 32 has networks to name, or should not ask for SMC.
inline constexpr std::size_t kMaxDestinations = 32;
// Of a pod: the configuration's list and its own.
inline constexpr std::size_t kMaxDestinationsOfPod = 2 * kMaxDestinations;

// What may stand in a list, for messages.
inline constexpr std::string_view kDestinationForms = "IPv4 CIDR, ADDRESS:PORT, :PORT";

// "10.1.2.0/24", "10.20.0.7:3306", ":6379". The error's text quotes the entry and says what is
// wrong with it.
Result<Destination> parse_destination(std::string_view text);

// Separated by commas, with or without spaces; empty: none. One that is there twice counts once.
Result<Destinations> parse_destinations(std::string_view list, std::size_t max = kMaxDestinations);

// `first`, then what `second` adds.
Destinations joined(const Destinations& first, const Destinations& second);

// "10.1.2.0/24,:6379", as parse_destinations() takes it.
std::string text_of(const Destinations& destinations);

}  // namespace smc
