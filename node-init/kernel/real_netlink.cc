#include <cerrno>
#include <optional>
#include <string>
#include <utility>

#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "node-init/kernel/real_system.h"

namespace smc::node {
namespace {

// No answer of the kernel is larger in one piece: it fills skbs of at most 32 KiB
// (netlink_dump in af_netlink.c), and events are smaller.
constexpr std::size_t kMaxDatagramBytes = 1 << 20;

// Events of a node that starts a hundred pods at once; the default of 208 KiB overruns.
constexpr int kEventBufferBytes = 1 << 20;

class RealNetlinkSocket final : public NetlinkSocket {
 public:
  explicit RealNetlinkSocket(Fd fd) : fd_(std::move(fd)) {}

  Result<void> send(std::string_view message) override {
    for (;;) {
      const ssize_t n = ::send(fd_.get(), message.data(), message.size(), 0);
      if (n == static_cast<ssize_t>(message.size())) return {};
      if (n >= 0) return Error{"send on a netlink socket: cut short", EIO, {}};
      if (errno != EINTR) return Error{"send on a netlink socket", errno, {}};
    }
  }

  Result<std::string> receive(std::chrono::milliseconds timeout) override {
    const auto deadline = Clock::now() + timeout;
    for (;;) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
      pollfd wait{fd_.get(), POLLIN, 0};
      const int ready = ::poll(&wait, 1, left > 0 ? static_cast<int>(left) : 0);
      if (ready == 0) return Error{"wait for a netlink message", ETIMEDOUT, {}};
      if (ready < 0 && errno != EINTR) return Error{"wait for a netlink message", errno, {}};
      if (ready < 0) continue;
      // Asked for its size first, so that no datagram is ever cut.
      const ssize_t size = ::recv(fd_.get(), nullptr, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
      if (size < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (size < 0) return Error{"receive from netlink", errno, {}};
      if (static_cast<std::size_t>(size) > kMaxDatagramBytes)
        return Error{
            "receive from netlink: a datagram of " + std::to_string(size) + " bytes", EMSGSIZE, {}};
      if (auto datagram = take(static_cast<std::size_t>(size))) return std::move(*datagram);
    }
  }

  int descriptor() const override { return fd_.get(); }

 private:
  // Nothing if it did not come from the kernel: any process may send to a netlink socket.
  std::optional<std::string> take(std::size_t size) {
    std::string datagram(size, '\0');
    sockaddr_nl from{};
    socklen_t length = sizeof from;
    const ssize_t n = ::recvfrom(fd_.get(), datagram.data(), size, MSG_DONTWAIT,
                                 reinterpret_cast<sockaddr*>(&from), &length);
    if (n != static_cast<ssize_t>(size) || from.nl_pid != 0) return std::nullopt;
    return datagram;
  }

  Fd fd_;
};

}  // namespace

Result<std::unique_ptr<NetlinkSocket>> open_real_netlink(int protocol, std::uint32_t groups) {
  const std::string what = "open a netlink socket of protocol " + std::to_string(protocol);
  Fd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
  if (!fd.valid()) return Error{what, errno, {}};
  // Best effort: without CAP_NET_ADMIN the default stays.
  if (groups != 0)
    (void)::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kEventBufferBytes,
                       sizeof kEventBufferBytes);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = groups;
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return Error{what, errno, {}};
  return std::unique_ptr<NetlinkSocket>(std::make_unique<RealNetlinkSocket>(std::move(fd)));
}

}  // namespace smc::node
