// What one client, and all of them together, may take from a server. Plain values.
#pragma once

#include <chrono>
#include <cstddef>

namespace smc::http {

struct Limits {
  // 413 and 431 beyond.
  std::size_t max_header_bytes = 64 << 10;
  std::size_t max_body_bytes = 0;

  // Bytes of all handshakes and requests that are being read or answered; four fifths of it are for
  // bodies. 503 beyond.
  std::size_t max_bytes_in_flight = 80 << 20;

  // At the first number a new connection takes the place of the oldest that has had no request
  // answered. Where there is none it is taken in to be told 503; the second number is how many are.
  //
  // Where one address holds more than half of the places, it is that address's connections that
  // give way to those of others, idle ones that had requests included.
  std::size_t max_connections = 4096;
  std::size_t over_cap_connections = 64;

  // A burst of new connections waits here; the kernel caps it at net.core.somaxconn.
  int backlog = 4096;

  // For each of: the handshake, the wait for the first request, a header from its first byte, a
  // body, an answer.
  std::chrono::milliseconds request_timeout{10'000};
  // Between two requests. 0: a connection has one request.
  std::chrono::milliseconds idle_timeout{120'000};
};

}  // namespace smc::http
