// Stream sockets of each way to ask for SMC or not, for the traffic program and the proxy of the
// kernel tests. Blocking calls; each descriptor is used by the threads that its owner starts.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <netinet/in.h>

#include "base/fd.h"
#include "base/result.h"

namespace smc::e2e {

enum class SocketKind {
  kTcp,       // AF_INET, TCP
  kSmc,       // AF_SMC: every kernel with SMC
  kIpproto,   // AF_INET with IPPROTO_SMC: Linux 6.11 and later
  kIpproto6,  // AF_INET6 with IPPROTO_SMC; connects to a v4-mapped address
};

// "tcp", "smc", "ipproto" or "ipproto6".
std::optional<SocketKind> parse_kind(std::string_view name);

// "10.9.0.12:5000". No names: the machine has no resolver.
std::optional<sockaddr_in> parse_endpoint(std::string_view text);
std::string endpoint_text(const sockaddr_in& endpoint);

// Each send and receive on the socket fails with EAGAIN after `timeout`. The packets bear the
// firewall mark `mark`.
Result<Fd> connect_to(SocketKind kind, const sockaddr_in& server, std::chrono::seconds timeout,
                      int mark = 0);
Result<Fd> listen_on(SocketKind kind, uint16_t port);

// More than any scenario opens (64); the rest is closed at once.
inline constexpr int kMaxConnections = 256;

// Listens, says "listening" on standard output, and runs `serve` on a thread of its own for each
// connection, kMaxConnections at a time. Returns an exit status, and only where it cannot listen.
int serve_connections(SocketKind kind, uint16_t port,
                      const std::function<void(const Fd& connection)>& serve);

Result<void> send_all(int fd, const std::byte* data, size_t size);

}  // namespace smc::e2e
