#include "test/e2e-kernel/tools/sockets.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <memory>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>

namespace smc::e2e {
namespace {

constexpr int kAfSmc = 43;        // linux/socket.h; Debian 12's libc does not name it
constexpr int kIpprotoSmc = 256;  // linux/in.h from 6.11
constexpr int kBacklog = 128;     // twice the 64 connections of the largest scenario

struct Kind {
  std::string_view name;
  int family;
  int protocol;
};
constexpr std::array<Kind, 4> kKinds{{
    {"tcp", AF_INET, IPPROTO_TCP},
    {"smc", kAfSmc, 0},
    {"ipproto", AF_INET, kIpprotoSmc},
    {"ipproto6", AF_INET6, kIpprotoSmc},
}};

Error failed(std::string what) {
  return Error{std::move(what), errno, {}};
}

Result<Fd> open_socket(SocketKind kind) {
  const Kind& wanted = kKinds[static_cast<size_t>(kind)];
  Fd fd(::socket(wanted.family, SOCK_STREAM | SOCK_CLOEXEC, wanted.protocol));
  if (!fd.valid()) return failed("socket " + std::string(wanted.name));
  return fd;
}

sockaddr_in6 v4_mapped(const sockaddr_in& address) {
  sockaddr_in6 mapped{};
  mapped.sin6_family = AF_INET6;
  mapped.sin6_port = address.sin_port;
  mapped.sin6_addr.s6_addr16[5] = 0xffff;
  mapped.sin6_addr.s6_addr32[3] = address.sin_addr.s_addr;
  return mapped;
}

// AF_SMC takes the address of the TCP socket below it.
template <class Call>
int with_address(SocketKind kind, const sockaddr_in& address, Call call) {
  if (kind != SocketKind::kIpproto6) {
    return call(reinterpret_cast<const sockaddr*>(&address), socklen_t{sizeof(address)});
  }
  sockaddr_in6 mapped = v4_mapped(address);
  if (address.sin_addr.s_addr == htonl(INADDR_ANY)) mapped.sin6_addr = in6addr_any;
  return call(reinterpret_cast<const sockaddr*>(&mapped), socklen_t{sizeof(mapped)});
}

}  // namespace

std::optional<SocketKind> parse_kind(std::string_view name) {
  for (size_t i = 0; i < kKinds.size(); ++i) {
    if (kKinds[i].name == name) return static_cast<SocketKind>(i);
  }
  return std::nullopt;
}

std::optional<sockaddr_in> parse_endpoint(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, port);
  if (error != std::errc{} || rest != end) return std::nullopt;
  address.sin_port = htons(port);
  if (::inet_pton(AF_INET, std::string(text.substr(0, colon)).c_str(), &address.sin_addr) != 1) {
    return std::nullopt;
  }
  return address;
}

std::string endpoint_text(const sockaddr_in& endpoint) {
  std::array<char, INET_ADDRSTRLEN> host{};
  ::inet_ntop(AF_INET, &endpoint.sin_addr, host.data(), host.size());
  return std::string(host.data()) + ":" + std::to_string(ntohs(endpoint.sin_port));
}

Result<Fd> connect_to(SocketKind kind, const sockaddr_in& server, std::chrono::seconds timeout,
                      int mark) {
  Result<Fd> fd = open_socket(kind);
  if (!fd) return fd;
  timeval limit{};
  limit.tv_sec = timeout.count();
  if (::setsockopt(fd->get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) != 0 ||
      ::setsockopt(fd->get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) != 0) {
    return failed("set the socket's time limits");
  }
  if (mark != 0 && ::setsockopt(fd->get(), SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) != 0) {
    return failed("mark the socket");
  }
  const int connected = with_address(kind, server, [&](const sockaddr* address, socklen_t size) {
    return ::connect(fd->get(), address, size);
  });
  if (connected != 0) return failed("connect to " + endpoint_text(server));
  return fd;
}

Result<Fd> listen_on(SocketKind kind, uint16_t port) {
  Result<Fd> fd = open_socket(kind);
  if (!fd) return fd;
  const int on = 1;
  ::setsockopt(fd->get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_port = htons(port);
  any.sin_addr.s_addr = htonl(INADDR_ANY);
  const int bound = with_address(kind, any, [&](const sockaddr* address, socklen_t size) {
    return ::bind(fd->get(), address, size);
  });
  if (bound != 0) return failed("bind to port " + std::to_string(port));
  if (::listen(fd->get(), kBacklog) != 0) return failed("listen on port " + std::to_string(port));
  return fd;
}

int serve_connections(SocketKind kind, uint16_t port,
                      const std::function<void(const Fd& connection)>& serve) {
  const Result<Fd> listener = listen_on(kind, port);
  if (!listener) {
    std::fprintf(stderr, "%s\n", listener.error().text().c_str());
    return 1;
  }
  std::puts("listening");
  std::fflush(stdout);
  std::atomic<int> open{0};
  while (true) {
    auto connection = std::make_shared<Fd>(::accept(listener->get(), nullptr, nullptr));
    if (!connection->valid() || open >= kMaxConnections) continue;
    ++open;
    std::thread([connection, &serve, &open] {
      serve(*connection);
      --open;
    }).detach();
  }
}

Result<void> send_all(int fd, const std::byte* data, size_t size) {
  while (size > 0) {
    const ssize_t sent = ::send(fd, data, size, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return failed("send");
    data += sent;
    size -= static_cast<size_t>(sent);
  }
  return {};
}

}  // namespace smc::e2e
