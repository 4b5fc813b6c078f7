// How many bytes a TCP socket has been read. Safe on any thread.
#pragma once

#include <cstdint>

namespace smc::kube {

// Those that arrived less those that wait to be read; never more than were read.
std::uint64_t bytes_read_from(int socket);

}  // namespace smc::kube
