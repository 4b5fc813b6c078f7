#include "webhook/https/listener.h"

#include <atomic>
#include <csignal>
#include <exception>
#include <iterator>
#include <list>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <fcntl.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/log.h"
#include "webhook/https/session.h"

namespace smc::webhook {
namespace {

using namespace std::chrono_literals;

// A burst of new connections waits here; the kernel caps it at net.core.somaxconn.
constexpr int kBacklog = 4096;

// Connections over the cap that are taken in to be told so; those beyond wait in the backlog.
constexpr std::size_t kOverCapConnections = 64;

// Deadlines are seconds long: a tenth late is on time, and ten looks a second at a thousand
// connections cost 0.1 % of a core.
constexpr auto kSweepInterval = 100ms;

// Until accept() is tried again when there is no room or it failed.
constexpr auto kAcceptPause = 20ms;

Fd open_reserve() {
  return Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

// OpenSSL writes to the descriptor itself, without MSG_NOSIGNAL.
void block_sigpipe() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

// The end of a coroutine that must not end by an exception: out of run() with it.
void rethrow(std::exception_ptr failed) {
  if (failed) std::rethrow_exception(failed);
}

bool out_of_resources(const error_code& ec) {
  return ec.value() == EMFILE || ec.value() == ENFILE || ec.value() == ENOBUFS ||
         ec.value() == ENOMEM;
}

}  // namespace

// Destroyed from the last member to the first: sockets before their context, and the context, with
// the coroutines that still wait in it, before what those refer to.
struct Listener::Impl {
  Impl(const Config::Server& limits, SslContextPtr context_, Handler handler, Metrics& metrics)
      : serving{limits, std::move(handler), metrics}, tls(std::move(context_)) {}

  Result<HostPort> bind(const HostPort& address);
  Task<> accept();
  Task<> sweep();
  void adopt(Socket socket);
  void shed();
  void drain();

  Serving serving;
  SslContextPtr tls;
  std::atomic<Clock::rep> last_turn{Clock::now().time_since_epoch().count()};
  Fd reserve = open_reserve();
  net::io_context context{1};
  std::list<Connection> connections;
  Acceptor acceptor{context};
};

Result<HostPort> Listener::Impl::bind(const HostPort& address) {
  error_code ec;
  net::ip::tcp::resolver resolver(context);
  const auto found = resolver.resolve(address.host, std::to_string(address.port),
                                      net::ip::tcp::resolver::passive, ec);
  if (ec || found.empty())
    return Error{"resolve " + address.host + ": " + ec.message(), 0, "give an address"};
  const net::ip::tcp::endpoint endpoint = *found.begin();
  acceptor.open(endpoint.protocol(), ec);
  if (!ec) acceptor.set_option(Acceptor::reuse_address(true), ec);
  if (!ec) acceptor.non_blocking(true, ec);
  if (!ec) acceptor.bind(endpoint, ec);
  if (!ec) acceptor.listen(kBacklog, ec);
  if (ec)
    return Error{"listen on " + address.text(), ec.value(),
                 "choose another address with --listen, or stop the program that has it"};
  return HostPort{endpoint.address().to_string(), acceptor.local_endpoint().port()};
}

Task<> Listener::Impl::accept() {
  Timer pause(context);
  for (;;) {
    error_code ec;
    Socket socket(context);
    if (serving.draining) {
      acceptor.accept(socket, ec);  // the backlog alone
      if (ec == net::error::would_block || Clock::now() > serving.drain_end) break;
    } else if (connections.size() < serving.limits.max_connections + kOverCapConnections) {
      co_await acceptor.async_accept(socket, into(ec));
    } else {
      ec = net::error::try_again;
    }
    if (!ec) {
      adopt(std::move(socket));
      continue;
    }
    if (out_of_resources(ec)) shed();
    pause.expires_after(kAcceptPause);
    co_await pause.async_wait(into(ec));
  }
  acceptor.close();
}

// Out of descriptors: with the one in reserve a connection is taken and closed, so that its client
// fails at once instead of waiting for its own timeout.
void Listener::Impl::shed() {
  reserve.reset();
  const Fd unserved(::accept4(acceptor.native_handle(), nullptr, nullptr, SOCK_CLOEXEC));
  if (unserved.valid()) serving.metrics.cut(Cut::kUnserved);
}

void Listener::Impl::adopt(Socket socket) try {
  connections.emplace_back(std::move(socket), *tls);
  const auto at = std::prev(connections.end());
  at->over_cap = connections.size() > serving.limits.max_connections;
  serving.metrics.connections(1);
  net::co_spawn(context, serve_connection(*at, serving), [this, at](std::exception_ptr failed) {
    connections.erase(at);
    serving.metrics.connections(-1);
    if (!failed) return;
    serving.metrics.refused(Refusal::kInternal);
    try {
      std::rethrow_exception(failed);
    } catch (const std::exception& failure) {
      log::error("connection failed", {{"error", failure.what()}});
    }
  });
} catch (const std::bad_alloc&) {
  serving.metrics.cut(Cut::kUnserved);
}

Task<> Listener::Impl::sweep() {
  Timer tick(context);
  while (acceptor.is_open() || !connections.empty()) {
    error_code ec;
    tick.expires_after(kSweepInterval);
    co_await tick.async_wait(into(ec));
    const auto now = Clock::now();
    last_turn = now.time_since_epoch().count();
    for (Connection& connection : connections) connection.expire(now);
    if (!reserve.valid()) reserve = open_reserve();
  }
}

void Listener::Impl::drain() {
  const auto now = Clock::now();
  serving.draining = true;
  serving.drain_end = now + serving.limits.request_timeout;
  error_code ignored;
  acceptor.cancel(ignored);
  for (Connection& connection : connections)
    connection.shorten_deadline(connection.phase() == Phase::kIdle ? now + kDrainGrace
                                                                   : serving.drain_end);
}

Listener::Listener(const Config::Server& limits, SslContextPtr tls, Handler handler,
                   Metrics& metrics)
    : impl_(std::make_unique<Impl>(limits, std::move(tls), std::move(handler), metrics)) {}
Listener::~Listener() = default;

Result<HostPort> Listener::bind(const HostPort& address) {
  return impl_->bind(address);
}

void Listener::run() {
  block_sigpipe();
  net::co_spawn(impl_->context, impl_->accept(), rethrow);
  net::co_spawn(impl_->context, impl_->sweep(), rethrow);
  impl_->context.run();
}

void Listener::replace(const Config::Server& limits) {
  net::post(impl_->context, [this, limits] { impl_->serving.limits = limits; });
}

void Listener::replace(SslContextPtr tls) {
  net::post(impl_->context,
            [this, next = std::move(tls)]() mutable { impl_->tls = std::move(next); });
}

void Listener::replace(Handler handler) {
  net::post(impl_->context, [this, next = std::move(handler)]() mutable {
    impl_->serving.handler = std::move(next);
  });
}

void Listener::drain() {
  net::post(impl_->context, [this] { impl_->drain(); });
}

void Listener::stop() {
  impl_->context.stop();
}

std::chrono::milliseconds Listener::since_last_turn() const {
  const Clock::time_point last{Clock::duration(impl_->last_turn.load())};
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - last);
}

}  // namespace smc::webhook
