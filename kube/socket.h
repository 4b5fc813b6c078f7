// The parts of a TCP connection to an API server that cpp-httplib leaves to others or cannot be
// stopped in: name resolution, the socket's options, and why a connection failed. Safe on any
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kube/error.h"
#include "kube/stop.h"

namespace smc::kube {

// The addresses of `host` (a name, an IPv4 or IPv6 address) in the order in which to try them; at
// least one.
Outcome<std::vector<std::string>> resolve(const std::string& host, const Stop& stop,
                                          SteadyTime deadline);

// A peer that vanished without a word is noticed within half a minute of silence.
void set_keepalive(int socket);

// Whether the peer of a connected socket has closed it, or its connection is broken.
bool is_closed_by_peer(int socket);

// Whether it is this side that gave the connection up, or nobody.
bool is_kept_by_peer(int socket);

// The errno with which a connection to `address` fails; 0 where it does not.
int connect_errno(const std::string& address, std::uint16_t port, const Stop& stop,
                  SteadyTime deadline);

ApiError connect_error(const std::string& host, std::uint16_t port, int error);

}  // namespace smc::kube
