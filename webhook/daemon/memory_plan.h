// How the memory that the process may take is shared out. A pure function, safe on any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace smc::webhook {

struct MemoryPlan {
  std::size_t bytes_in_flight = 0;  // of handshakes and requests
  std::size_t connections = 0;
  bool tight =
      false;  // the limit leaves less than this takes: large reviews together may exceed it
};

// Of what is left beside the program and the parser of one review, a third each for the bytes in
// flight, for connections, and for what malloc and the kernel's socket buffers add.
MemoryPlan plan_memory(std::optional<std::uint64_t> limit);

}  // namespace smc::webhook
