#include "node-init/diagnosis/raw_tcp.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

#include <arpa/inet.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

namespace smc::node {
namespace {

constexpr std::size_t kMaxPacketBytes = 65535;

sockaddr_in socket_address(std::uint32_t address, std::uint16_t port) {
  sockaddr_in result = {};
  result.sin_family = AF_INET;
  result.sin_addr.s_addr = htonl(address);
  result.sin_port = htons(port);
  return result;
}

Result<sockaddr_in> own_address(const Fd& fd) {
  sockaddr_in address = {};
  socklen_t size = sizeof address;
  if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return Error{"ask for the local address", errno, {}};
  return address;
}

Result<void> connect_to(const Fd& fd, const sockaddr_in& peer) {
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&peer), sizeof peer) == 0) return {};
  char text[INET_ADDRSTRLEN] = "";
  ::inet_ntop(AF_INET, &peer.sin_addr, text, sizeof text);
  return Error{"find a route to " + std::string(text), errno,
               "see the routes of this network namespace (ip route get ADDRESS)"};
}

Result<void> set_filter(const Fd& fd, sock_filter* program, std::size_t length) {
  const sock_fprog filter = {static_cast<unsigned short>(length), program};
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0) return {};
  return Error{"filter a socket", errno, {}};
}

// Listens on a port of `local` that the kernel chooses, and hears nothing.
Result<Fd> hold_port(sockaddr_in local) {
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!fd.valid()) return Error{"open a TCP socket", errno, {}};
  std::array<sock_filter, 1> drop = {sock_filter BPF_STMT(BPF_RET | BPF_K, 0)};
  if (auto set = set_filter(fd, drop.data(), drop.size()); !set) return set.error();
  local.sin_port = 0;
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0 ||
      ::listen(fd.get(), 1) != 0)
    return Error{"reserve a local port", errno, "see net.ipv4.ip_local_port_range"};
  return fd;
}

// Only what is sent to our port: a raw socket gets a copy of every segment of this peer, and those
// of a busy one would fill its buffer.
Result<void> take_port_only(const Fd& raw, std::uint16_t port) {
  std::array<sock_filter, 5> program = {
      sock_filter BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),  // the bytes of IPv4's header
      sock_filter BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),   // TCP's destination port
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, port, 0, 1),
      sock_filter BPF_STMT(BPF_RET | BPF_K, kMaxPacketBytes),
      sock_filter BPF_STMT(BPF_RET | BPF_K, 0)};
  return set_filter(raw, program.data(), program.size());
}

// ICMP's reports stay queued, and poll() would return at once.
void drop_reports(const Fd& raw) {
  char report[512];
  while (::recv(raw.get(), report, sizeof report, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0) continue;
}

}  // namespace

Result<RawTcp> RawTcp::open(std::uint32_t address, std::uint16_t port) {
  Fd raw(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
  if (!raw.valid())
    return Error{
        "open a raw TCP socket", errno,
        errno == EPERM ? "CAP_NET_RAW is needed in this network namespace: run it as root" : ""};
  const int on = 1;
  if (::setsockopt(raw.get(), IPPROTO_IP, IP_RECVERR, &on, sizeof on) != 0)
    return Error{"ask for ICMP's reports", errno, {}};
  // A raw socket's port is the protocol.
  if (auto done = connect_to(raw, socket_address(address, 0)); !done) return done.error();
  const auto local = own_address(raw);
  if (!local) return local.error();
  auto holder = hold_port(*local);
  if (!holder) return holder.error();
  const auto held = own_address(*holder);
  if (!held) return held.error();
  RawTcp conversation(std::move(raw), std::move(*holder));
  conversation.local_ = ntohl(held->sin_addr.s_addr);
  conversation.local_port_ = ntohs(held->sin_port);
  conversation.peer_ = address;
  conversation.peer_port_ = port;
  if (auto set = take_port_only(conversation.raw_, conversation.local_port_); !set)
    return set.error();
  return conversation;
}

Result<void> RawTcp::send(TcpSegment segment) {
  segment.source = local_;
  segment.destination = peer_;
  segment.source_port = local_port_;
  segment.destination_port = peer_port_;
  const std::string bytes = tcp_bytes(segment);
  if (::send(raw_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) >= 0) return {};
  const int code = errno;
  drop_reports(raw_);
  return Error{"send a TCP segment", code,
               code == EPERM ? "a rule of the firewall on this side drops it" : ""};
}

Result<std::optional<TcpSegment>> RawTcp::receive(std::chrono::steady_clock::time_point deadline) {
  using std::chrono::steady_clock;
  std::string packet(kMaxPacketBytes, '\0');
  while (true) {
    const ssize_t n = ::recv(raw_.get(), packet.data(), packet.size(), 0);
    if (n >= 0) {
      auto segment =
          parse_ipv4_tcp(std::string_view(packet).substr(0, static_cast<std::size_t>(n)));
      if (segment && segment->source_port == peer_port_) return segment;
      continue;
    }
    if (errno != EAGAIN && errno != EINTR) {
      const int code = errno;
      drop_reports(raw_);
      return Error{"a router or the peer reports", code, {}};
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
    if (left.count() <= 0) return std::optional<TcpSegment>();
    pollfd waiting = {raw_.get(), POLLIN, 0};
    (void)::poll(&waiting, 1, static_cast<int>(left.count()));
  }
}

}  // namespace smc::node
