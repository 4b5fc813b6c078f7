// The two sockets of the self-test.
#include <cerrno>
#include <optional>
#include <string>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "node-init/kernel/real_system.h"

namespace smc::node {
namespace {

constexpr std::string_view kHello = "hello";

// Milliseconds until `deadline` for poll(2), none of them negative (that would wait for ever).
int left_ms(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return left > 0 ? static_cast<int>(left) : 0;
}

Result<void> wait_for(const Fd& fd, short events, Clock::time_point deadline,
                      const std::string& what) {
  for (;;) {
    pollfd wait{fd.get(), events, 0};
    const int ready = ::poll(&wait, 1, left_ms(deadline));
    if (ready > 0) return {};
    if (ready == 0) return Error{what, ETIMEDOUT, {}};
    if (errno != EINTR) return Error{what, errno, {}};
  }
}

Result<Fd> smc_socket() {
  Fd fd(::socket(AF_SMC, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid())
    return Error{"open an SMC socket", errno, "the kernel has no SMC: load the module smc"};
  return fd;
}

Result<Fd> listen_on(sockaddr_in& address) {
  auto fd = smc_socket();
  if (!fd) return fd.error();
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(fd->get(), generic, length) != 0 || ::listen(fd->get(), 1) != 0 ||
      ::getsockname(fd->get(), generic, &length) != 0)
    return Error{"listen on an SMC socket", errno, {}};
  return fd;
}

Result<Fd> connect_to(const sockaddr_in& address, Clock::time_point deadline) {
  const std::string what = "connect an SMC socket";
  auto fd = smc_socket();
  if (!fd) return fd.error();
  if (::connect(fd->get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    return fd;
  if (errno != EINPROGRESS) return Error{what, errno, {}};
  if (auto waited = wait_for(*fd, POLLOUT, deadline, what); !waited) return waited.error();
  int code = 0;
  socklen_t length = sizeof code;
  if (::getsockopt(fd->get(), SOL_SOCKET, SO_ERROR, &code, &length) != 0) code = errno;
  if (code != 0) return Error{what, code, {}};
  return fd;
}

Result<Fd> accept_from(const Fd& listener, Clock::time_point deadline) {
  const std::string what = "accept an SMC connection";
  if (auto waited = wait_for(listener, POLLIN, deadline, what); !waited) return waited.error();
  Fd fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  // The kernel takes a connection that has broken by now off the queue without a word.
  if (!fd.valid()) return Error{what, errno == EAGAIN ? ECONNABORTED : errno, {}};
  return fd;
}

// One short message from one end to the other.
Result<void> say_hello(const Fd& from, const Fd& to, Clock::time_point deadline) {
  const std::string what = "move data over an SMC connection";
  if (auto waited = wait_for(from, POLLOUT, deadline, what); !waited) return waited.error();
  const auto size = static_cast<ssize_t>(kHello.size());
  if (::send(from.get(), kHello.data(), kHello.size(), MSG_NOSIGNAL) != size)
    return Error{what, errno, {}};
  for (std::string heard; heard != kHello;) {
    if (auto waited = wait_for(to, POLLIN, deadline, what); !waited) return waited.error();
    char part[16];
    const ssize_t n = ::recv(to.get(), part, sizeof part, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (n < 0) return Error{what, errno, {}};
    heard.append(part, static_cast<std::size_t>(n));
    if (n == 0 || heard.size() > kHello.size())
      return Error{what + ": other bytes came out than went in", EIO, {}};
  }
  return {};
}

std::uint64_t inode_of(const Fd& fd) {
  struct stat status = {};
  return ::fstat(fd.get(), &status) == 0 ? status.st_ino : 0;
}

class RealSmcPair final : public SmcPair {
 public:
  RealSmcPair(Fd client, Fd server) : client_(std::move(client)), server_(std::move(server)) {}
  std::uint64_t client_inode() const override { return inode_of(client_); }
  std::uint64_t server_inode() const override { return inode_of(server_); }

 private:
  Fd client_;
  Fd server_;
};

}  // namespace

Result<std::unique_ptr<SmcPair>> connect_real_smc_pair(const std::string& address,
                                                       std::chrono::milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  sockaddr_in place{};
  place.sin_family = AF_INET;
  if (::inet_pton(AF_INET, address.c_str(), &place.sin_addr) != 1)
    return Error{address + " is no IPv4 address", EINVAL, {}};
  const auto listener = listen_on(place);
  if (!listener) return listener.error();
  auto client = connect_to(place, deadline);
  if (!client) return client.error();
  auto server = accept_from(*listener, deadline);
  if (!server) return server.error();
  if (auto moved = say_hello(*client, *server, deadline); !moved) return moved.error();
  if (auto moved = say_hello(*server, *client, deadline); !moved) return moved.error();
  return std::unique_ptr<SmcPair>(
      std::make_unique<RealSmcPair>(std::move(*client), std::move(*server)));
}

}  // namespace smc::node
