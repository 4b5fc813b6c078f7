#include "kube/socket.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace smc::kube {
namespace {

using std::chrono::steady_clock;

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

// A name's resolution, shared with the thread that does it.
struct Resolution {
  std::string host;
  std::string port;
  Fd done{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  int code = 0;         // of getaddrinfo
  Addresses addresses;  // both written before `done` is raised
};

int resolve(const std::string& host, const std::string& port, int flags, Addresses& out) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = flags;
  addrinfo* list = nullptr;
  const int code = ::getaddrinfo(host.c_str(), port.c_str(), &wanted, &list);
  if (code == 0) out.reset(list);
  return code;
}

ApiError unresolved(const std::string& host, const std::string& why) {
  return make_error(Failure::kConnect, "resolve " + host + ": " + why,
                    "check the server's name and the DNS of this pod or machine");
}

// getaddrinfo cannot be interrupted: it runs on a thread of its own, which is left behind when the
// wait for it ends early. The resolver's own time-outs (30 s at most by resolv.conf's defaults of 5
// s, 2 attempts and 3 servers) end it, so no more than a few can be under way.
Outcome<Addresses> addresses_of(const std::string& host, const std::string& port, const Stop& stop,
                                SteadyTime deadline) {
  Addresses literal;
  if (resolve(host, port, AI_NUMERICHOST | AI_NUMERICSERV, literal) == 0) return literal;

  auto shared = std::make_shared<Resolution>();
  shared->host = host;
  shared->port = port;
  std::thread([shared] {
    shared->code =
        resolve(shared->host, shared->port, AI_NUMERICSERV | AI_ADDRCONFIG, shared->addresses);
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(shared->done.get(), &one, sizeof one);
  }).detach();
  switch (wait_for(shared->done.get(), POLLIN, stop, deadline)) {
    case Readiness::kStopped:
      return stopped_error();
    case Readiness::kTimeout:
      return unresolved(host, "no answer in time");
    case Readiness::kReady:
      break;
  }
  // Reading orders the thread's writes before ours (and tells the thread sanitizer so).
  std::uint64_t raised = 0;
  [[maybe_unused]] const ssize_t had = ::read(shared->done.get(), &raised, sizeof raised);
  if (shared->code != 0) return unresolved(host, ::gai_strerror(shared->code));
  return std::move(shared->addresses);
}

void tune(int fd) {
  const auto set = [fd](int level, int option, int value) {
    ::setsockopt(fd, level, option, &value, sizeof value);  // an optimisation: may fail
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  // A quiet watch shows nothing when the peer is gone: probe after 10 s, 3 times, 5 s apart, and
  // give up on unacknowledged data after the same 25 s.
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 10);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 5);
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, 25'000);
}

struct Attempt {
  Fd socket;
  int error = 0;  // errno
  bool stopped = false;
};

Attempt attempt(const addrinfo& address, const Stop& stop, SteadyTime deadline) {
  Attempt out;
  Fd fd(::socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                 address.ai_protocol));
  if (!fd.valid()) {
    out.error = errno;
    return out;
  }
  tune(fd.get());
  if (::connect(fd.get(), address.ai_addr, address.ai_addrlen) != 0) {
    out.error = errno;
    if (out.error != EINPROGRESS) return out;
    const Readiness readiness = wait_for(fd.get(), POLLOUT, stop, deadline);
    out.stopped = readiness == Readiness::kStopped;
    out.error = ETIMEDOUT;
    if (readiness != Readiness::kReady) return out;
    socklen_t size = sizeof out.error;
    ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &out.error, &size);
    if (out.error != 0) return out;
  }
  out.socket = std::move(fd);
  return out;
}

}  // namespace

Outcome<Fd> connect_to(const std::string& host, std::uint16_t port, const Stop& stop,
                       SteadyTime deadline) {
  Outcome<Addresses> addresses = addresses_of(host, std::to_string(port), stop, deadline);
  if (!addresses) return addresses.error();
  int left = 0;
  for (const addrinfo* next = addresses->get(); next != nullptr; next = next->ai_next) ++left;
  int error = 0;
  for (const addrinfo* next = addresses->get(); next != nullptr; next = next->ai_next, --left) {
    // Each address has its share of the time, so that one that swallows packets does not cost all.
    const auto now = steady_clock::now();
    Attempt tried = attempt(*next, stop, now + (deadline - now) / left);
    if (tried.stopped) return stopped_error();
    if (tried.socket.valid()) return std::move(tried.socket);
    error = tried.error;
  }
  return make_error(
      Failure::kConnect,
      "connect to " + host + " port " + std::to_string(port) + ": " + std::strerror(error),
      error == ECONNREFUSED
          ? "nothing listens there: is the API server running, is the port right?"
          : "is the address right, does a network policy or firewall let it through?");
}

}  // namespace smc::kube
