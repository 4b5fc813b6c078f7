#include "http/server.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <exception>
#include <iterator>
#include <list>
#include <utility>

#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <fcntl.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/log.h"
#include "http/places.h"
#include "http/session.h"
#include "http/task.h"

namespace smc::http {
namespace {

using namespace std::chrono_literals;

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

bool out_of_resources(const error_code& ec) {
  return ec.value() == EMFILE || ec.value() == ENFILE || ec.value() == ENOBUFS ||
         ec.value() == ENOMEM;
}

// More than the header of a usual request: whoever holds this much of one has to give way where the
// budget is short.
constexpr std::size_t kLongHeaderBytes = 8 << 10;

using Sessions = std::list<Session>;

// Whether it is still there and holds nothing that would be lost with it.
bool may_give_way(const Session& session) {
  return !session.connection().is_shut_down() && session.connection().phase() <= Phase::kHeader;
}

bool has_place(const Session& session) {
  return !session.over_cap() && may_give_way(session);
}

bool is_over_cap(const Session& session) {
  return session.over_cap() && may_give_way(session);
}

template <class Condition>
Session* first(Sessions& sessions, const Condition& condition) {
  const auto found = std::find_if(sessions.begin(), sessions.end(), condition);
  return found == sessions.end() ? nullptr : &*found;
}

}  // namespace

// Destroyed from the last member to the first: coroutines and sockets before their context, which
// still holds what they waited for and calls none of it any more.
struct Server::Impl final : Host {
  Impl(const Limits& limits, std::vector<Route> routes, Observer& observer, SslContextPtr tls)
      : serving{limits, std::move(routes), observer, *this, std::move(tls)} {
    use(limits);
  }

  void use(const Limits& limits);
  Result<HostPort> bind(const HostPort& address, const std::string& flag);
  error_code listen(const net::ip::tcp::endpoint& endpoint);
  Task<> accept();
  Task<> sweep();
  Task<> guard(Task<> loop);
  void adopt(Socket socket, Origin origin);
  Session* yielding_to(Origin origin);
  void end(Session& session);
  void shed();
  void drain();

  void proven(Session& session) override;
  bool make_room(const Session& asking) override;
  void ended(Session& session) override;

  Serving serving;
  std::atomic<Clock::rep> last_turn{Clock::now().time_since_epoch().count()};
  Fd reserve = open_reserve();
  net::io_context context{1};
  Places places;
  std::size_t served = 0;    // sessions that are not told to end
  std::size_t over_cap = 0;  // such, beside them
  Sessions unproven;         // that had no request answered, the oldest first
  Sessions known;
  Acceptor acceptor{context};
  Timer pause{context};
  Timer tick{context};
  std::exception_ptr failed;
  Task<> accepting;
  Task<> sweeping;
};

void Server::Impl::use(const Limits& limits) {
  serving.limits = limits;
  serving.budget.limit = limits.max_bytes_in_flight;
}

Result<HostPort> Server::Impl::bind(const HostPort& address, const std::string& flag) {
  error_code ec;
  net::ip::tcp::resolver resolver(context);
  const auto found = resolver.resolve(address.host, std::to_string(address.port),
                                      net::ip::tcp::resolver::passive, ec);
  if (ec || found.empty())
    return Error{"resolve " + address.host + ": " + ec.message(), 0,
                 "give an address with " + flag};
  net::ip::tcp::endpoint endpoint = *found.begin();
  ec = listen(endpoint);
  // Every address of both families, on a host that has one of them alone.
  if ((ec == net::error::address_family_not_supported || ec.value() == EADDRNOTAVAIL) &&
      endpoint.address() == net::ip::address_v6::any()) {
    endpoint.address(net::ip::address_v4::any());
    ec = listen(endpoint);
  }
  if (ec)
    return Error{"listen on " + address.text(), ec.value(),
                 "choose another address with " + flag + ", or stop the program that has it"};
  return HostPort{endpoint.address().to_string(), acceptor.local_endpoint().port()};
}

error_code Server::Impl::listen(const net::ip::tcp::endpoint& endpoint) {
  error_code ec;
  if (acceptor.is_open()) acceptor.close(ec);
  acceptor.open(endpoint.protocol(), ec);
  if (!ec) acceptor.set_option(Acceptor::reuse_address(true), ec);
  if (!ec && endpoint.address().is_v6()) acceptor.set_option(net::ip::v6_only(false), ec);
  if (!ec) acceptor.non_blocking(true, ec);
  if (!ec) acceptor.bind(endpoint, ec);
  if (!ec) acceptor.listen(serving.limits.backlog, ec);
  return ec;
}

Task<> Server::Impl::accept() {
  for (;;) {
    error_code ec;
    Socket socket(context);
    net::ip::tcp::endpoint peer;
    if (!serving.draining) {
      ec = co_await completion(
          [&](auto done) { acceptor.async_accept(socket, peer, std::move(done)); });
    } else {
      acceptor.accept(socket, peer, ec);  // the backlog alone
      if (ec == net::error::would_block || Clock::now() > serving.drain_end) break;
    }
    if (!ec) {
      adopt(std::move(socket), origin_of(peer.address()));
      continue;
    }
    if (out_of_resources(ec)) shed();
    pause.expires_after(kAcceptPause);
    co_await completion([&](auto done) { pause.async_wait(std::move(done)); });
  }
  acceptor.close();
}

// Out of descriptors: with the one in reserve a connection is taken and closed, so that its client
// fails at once instead of waiting for its own timeout.
void Server::Impl::shed() {
  reserve.reset();
  Fd unserved(::accept4(acceptor.native_handle(), nullptr, nullptr, SOCK_CLOEXEC));
  if (unserved.valid()) serving.observer.cut(Cut::kUnserved);
  unserved.reset();
  reserve = open_reserve();  // before somebody else has the number
}

void Server::Impl::adopt(Socket socket, Origin origin) {
  Session* yielding = nullptr;
  if (served >= serving.limits.max_connections) yielding = yielding_to(origin);
  const bool over = served >= serving.limits.max_connections && yielding == nullptr;
  if (over && over_cap >= serving.limits.over_cap_connections) {
    yielding = first(unproven, is_over_cap);
    if (yielding == nullptr) return serving.observer.cut(Cut::kUnserved);
  }
  if (yielding != nullptr) end(*yielding);
  const std::size_t before = unproven.size();
  try {
    places.take(origin);
    Session& session = unproven.emplace_back(std::move(socket), origin, serving);
    session.place = std::prev(unproven.end());
    session.start(over);
    ++(over ? over_cap : served);
    serving.observer.connections(1);
  } catch (const std::bad_alloc&) {
    places.give_back(origin);
    if (unproven.size() > before) unproven.pop_back();
    serving.observer.cut(Cut::kUnserved);
  }
}

// Whose place a new connection of `origin` takes; null: nobody's.
Session* Server::Impl::yielding_to(Origin origin) {
  const std::size_t share = serving.limits.max_connections / 2;
  const auto crowding = places.above(share);
  if (crowding && *crowding != origin) {
    const auto theirs = [&](const Session& each) {
      return each.origin() == *crowding && has_place(each);
    };
    if (Session* const found = first(unproven, theirs)) return found;
    const auto idle = [&](const Session& each) {
      return theirs(each) && each.connection().phase() == Phase::kIdle;
    };
    if (Session* const found = first(known, idle)) return found;
  }
  return first(unproven, has_place);
}

void Server::Impl::end(Session& session) {
  session.give_way();
  --(session.over_cap() ? over_cap : served);
}

// First whoever has had no request answered, then whoever sends an unusually long header.
bool Server::Impl::make_room(const Session& asking) {
  const auto holds = [&](std::size_t bytes) {
    return [&asking, bytes](const Session& each) {
      return &each != &asking && each.held_bytes() >= bytes && may_give_way(each);
    };
  };
  Session* found = first(unproven, holds(1));
  if (found == nullptr) found = first(known, holds(kLongHeaderBytes));
  if (found != nullptr) end(*found);
  return found != nullptr;
}

void Server::Impl::proven(Session& session) {
  known.splice(known.end(), unproven, session.place);
}

// Its coroutine has not returned yet.
void Server::Impl::ended(Session& session) {
  net::post(context, [this, &session] {
    if (!session.gave_way()) --(session.over_cap() ? over_cap : served);
    places.give_back(session.origin());
    (session.proven() ? known : unproven).erase(session.place);
    serving.observer.connections(-1);
  });
}

Task<> Server::Impl::sweep() {
  while (acceptor.is_open() || !unproven.empty() || !known.empty()) {
    tick.expires_after(kSweepInterval);
    co_await completion([&](auto done) { tick.async_wait(std::move(done)); });
    const auto now = Clock::now();
    last_turn = now.time_since_epoch().count();
    for (Sessions* const all : {&unproven, &known})
      for (Session& each : *all) each.connection().expire(now);
    if (!reserve.valid()) reserve = open_reserve();
  }
}

// What ends one of the loops ends run().
Task<> Server::Impl::guard(Task<> loop) {
  try {
    co_await loop;
  } catch (...) {
    failed = std::current_exception();
    context.stop();
  }
}

void Server::Impl::drain() {
  const auto now = Clock::now();
  serving.draining = true;
  serving.drain_end = now + serving.limits.request_timeout;
  error_code ignored;
  acceptor.cancel(ignored);
  for (Sessions* const all : {&unproven, &known})
    for (Session& each : *all) {
      const bool idle = each.connection().phase() == Phase::kIdle;
      each.connection().shorten_deadline(idle ? now + kDrainGrace : serving.drain_end);
    }
}

Server::Server(const Limits& limits, std::vector<Route> routes, Observer& observer,
               SslContextPtr tls)
    : impl_(std::make_unique<Impl>(limits, std::move(routes), observer, std::move(tls))) {}
Server::~Server() = default;

Result<HostPort> Server::bind(const HostPort& address, const std::string& flag) {
  return impl_->bind(address, flag);
}

void Server::run() {
  block_sigpipe();
  impl_->accepting = impl_->guard(impl_->accept());
  impl_->sweeping = impl_->guard(impl_->sweep());
  impl_->context.run();
  if (impl_->failed) std::rethrow_exception(impl_->failed);
}

void Server::replace(const Limits& limits) {
  net::post(impl_->context, [this, limits] { impl_->use(limits); });
}

void Server::replace(SslContextPtr tls) {
  net::post(impl_->context,
            [this, next = std::move(tls)]() mutable { impl_->serving.tls = std::move(next); });
}

void Server::replace(std::size_t route, Handler handler) {
  net::post(impl_->context, [this, route, next = std::move(handler)]() mutable {
    impl_->serving.routes[route].handler = std::move(next);
  });
}

void Server::drain() {
  net::post(impl_->context, [this] { impl_->drain(); });
}

void Server::stop() {
  impl_->context.stop();
}

std::chrono::milliseconds Server::since_last_turn() const {
  const Clock::time_point last{Clock::duration(impl_->last_turn.load())};
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - last);
}

}  // namespace smc::http
