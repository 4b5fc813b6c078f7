#include "kube/socket.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <thread>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/event_fd.h"
#include "base/fd.h"

namespace smc::kube {
namespace {

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

// A name's resolution, shared with the thread that does it.
struct Resolution {
  std::string host;
  EventFd done;
  int code = 0;         // of getaddrinfo
  Addresses addresses;  // both written before `done` is raised
};

int addresses_of(const std::string& host, const char* port, int flags, Addresses& out) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = flags;
  addrinfo* list = nullptr;
  const int code = ::getaddrinfo(host.c_str(), port, &wanted, &list);
  if (code == 0) out.reset(list);
  return code;
}

ApiError unresolved(const std::string& host, const std::string& why) {
  return make_error(Failure::kConnect, "resolve " + host + ": " + why,
                    "check the server's name and the DNS of this pod or machine");
}

std::string numeric_text(const addrinfo& address) {
  std::array<char, NI_MAXHOST> text{};
  ::getnameinfo(address.ai_addr, address.ai_addrlen, text.data(), text.size(), nullptr, 0,
                NI_NUMERICHOST);
  return text.data();
}

Outcome<std::vector<std::string>> texts(const std::string& host, const Addresses& addresses) {
  std::vector<std::string> out;
  for (const addrinfo* next = addresses.get(); next != nullptr; next = next->ai_next)
    if (std::string text = numeric_text(*next); !text.empty()) out.push_back(std::move(text));
  if (out.empty()) return unresolved(host, "it has no address");
  return out;
}

}  // namespace

// getaddrinfo cannot be interrupted: it runs on a thread of its own, which is left behind when the
// wait for it ends early. The resolver's own time-outs (30 s at most by resolv.conf's defaults of 5
// s, 2 attempts and 3 servers) end it, so no more than a few can be under way.
Outcome<std::vector<std::string>> resolve(const std::string& host, const Stop& stop,
                                          SteadyTime deadline) {
  Addresses literal;
  if (addresses_of(host, nullptr, AI_NUMERICHOST, literal) == 0) return texts(host, literal);

  auto shared = std::make_shared<Resolution>();
  shared->host = host;
  std::thread([shared] {
    shared->code = addresses_of(shared->host, nullptr, AI_ADDRCONFIG, shared->addresses);
    shared->done.raise();
  }).detach();
  switch (wait_for(shared->done.fd(), POLLIN, stop, deadline)) {
    case Readiness::kStopped:
      return stopped_error();
    case Readiness::kTimeout:
      return unresolved(host, "no answer in time");
    case Readiness::kReady:
      break;
  }
  // Taking it orders the thread's writes before ours (and tells the thread sanitizer so).
  shared->done.take();
  if (shared->code != 0) return unresolved(host, ::gai_strerror(shared->code));
  return texts(host, shared->addresses);
}

void set_keepalive(int socket) {
  const auto set = [socket](int level, int option, int value) {
    ::setsockopt(socket, level, option, &value, sizeof value);  // an optimisation: may fail
  };
  // A quiet watch shows nothing when the peer is gone: probe after 10 s, 3 times, 5 s apart, and
  // give up on unacknowledged data after the same 25 s.
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 10);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 5);
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, 25'000);
}

bool is_closed_by_peer(int socket) {
  pollfd waited{socket, POLLRDHUP, 0};
  return ::poll(&waited, 1, 0) != 0;
}

bool is_kept_by_peer(int socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return false;
  return info.tcpi_state == TCP_ESTABLISHED || info.tcpi_state == TCP_FIN_WAIT1 ||
         info.tcpi_state == TCP_FIN_WAIT2;
}

int connect_errno(const std::string& address, std::uint16_t port, const Stop& stop,
                  SteadyTime deadline) {
  Addresses list;
  const std::string service = std::to_string(port);
  if (addresses_of(address, service.c_str(), AI_NUMERICHOST | AI_NUMERICSERV, list) != 0)
    return EADDRNOTAVAIL;
  const Fd fd(::socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return errno;
  if (::connect(fd.get(), list->ai_addr, list->ai_addrlen) == 0) return 0;
  int error = errno;
  if (error != EINPROGRESS) return error;
  if (wait_for(fd.get(), POLLOUT, stop, deadline) != Readiness::kReady) return ETIMEDOUT;
  socklen_t size = sizeof error;
  ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

ApiError connect_error(const std::string& host, std::uint16_t port, int error) {
  return make_error(
      Failure::kConnect,
      "connect to " + host + " port " + std::to_string(port) + ": " + std::strerror(error),
      error == ECONNREFUSED
          ? "nothing listens there: is the API server running, is the port right?"
          : "is the address right, does a network policy or firewall let it through?");
}

}  // namespace smc::kube
