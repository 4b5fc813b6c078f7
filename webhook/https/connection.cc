#include "webhook/https/connection.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>

#include <openssl/err.h>
#include <sys/socket.h>

#include "base/openssl.h"

namespace smc::webhook {
namespace {

// One TLS record (RFC 8446, section 5.1). Shared by all connections: filled and emptied between two
// suspensions.
constexpr std::size_t kRecordBytes = 16 << 10;

// How much of an unwanted body one call throws away.
constexpr std::size_t kDiscardBytes = 1 << 20;

}  // namespace

std::string_view name(Phase phase) {
  static constexpr std::array<std::string_view, 6> kNames = {"handshake", "idle",   "header",
                                                             "body",      "answer", "closing"};
  return kNames[static_cast<std::size_t>(phase)];
}

Connection::Connection(Socket socket, SSL_CTX& context)
    : socket_(std::move(socket)), tls_(SSL_new(&context)) {
  if (!tls_) throw std::bad_alloc();
  error_code ignored;  // of a connection that is already gone; the handshake finds out
  socket_.native_non_blocking(true, ignored);
  socket_.set_option(net::ip::tcp::no_delay(true), ignored);
  if (SSL_set_fd(tls_.get(), socket_.native_handle()) != 1) throw std::bad_alloc();
  SSL_set_accept_state(tls_.get());
}

void Connection::expire(Clock::time_point now) {
  if (expired_ || now < deadline_) return;
  error_code ignored;
  if (phase_ == Phase::kIdle) {
    socket_.cancel(ignored);
  } else {
    expired_ = true;
    socket_.shutdown(Socket::shutdown_both, ignored);
  }
}

Task<bool> Connection::ready(Socket::wait_type what) {
  error_code ec;
  co_await socket_.async_wait(what, into(ec));
  co_return !ec && !expired_;
}

// Does `call`, an SSL_ function, and says what it wants next.
template <class Call>
Connection::Step Connection::step(const Call& call, Socket::wait_type& what) {
  ERR_clear_error();  // SSL_get_error looks at the thread's queue
  const int result = call(tls_.get());
  if (result > 0) return Step::kDone;
  switch (SSL_get_error(tls_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      what = Socket::wait_read;
      return Step::kAgain;
    case SSL_ERROR_WANT_WRITE:
      what = Socket::wait_write;
      return Step::kAgain;
    default:
      tls_error_ = openssl::queued_error("TLS").text();
      return Step::kFailed;
  }
}

Task<bool> Connection::handshake() {
  for (auto what = Socket::wait_read;;) {
    const Step next = step(SSL_do_handshake, what);
    if (next != Step::kAgain) co_return next == Step::kDone;
    if (!co_await ready(what)) co_return false;
  }
}

Connection::Step Connection::write(std::string_view text, Socket::wait_type& what) {
  return step(
      [text](SSL* tls) { return SSL_write(tls, text.data(), static_cast<int>(text.size())); },
      what);
}

std::optional<bool> Connection::try_send(std::string_view text) {
  auto what = Socket::wait_write;
  const Step next = write(text, what);
  if (next == Step::kAgain) return {};
  return next == Step::kDone;
}

Task<bool> Connection::send(std::string_view text) {
  for (auto what = Socket::wait_write;;) {
    const Step next = write(text, what);
    if (next != Step::kAgain) co_return next == Step::kDone;
    if (!co_await ready(what)) co_return false;
  }
}

// One SSL_read, appended to `to`.
Connection::Step Connection::read(std::string& to, std::size_t at_most, Socket::wait_type& what) {
  static thread_local std::array<char, kRecordBytes> record;
  const int room = static_cast<int>(std::min(at_most, record.size()));
  int got = 0;
  const Step next =
      step([room, &got](SSL* tls) { return got = SSL_read(tls, record.data(), room); }, what);
  if (next == Step::kDone) to.append(record.data(), static_cast<std::size_t>(got));
  return next;
}

// Waits before each read unless OpenSSL holds bytes: saves a read that would find nothing, and lets
// the other connections have their turn between two reads of a long body.
Task<bool> Connection::receive(std::string& to, std::size_t at_most) {
  auto what = Socket::wait_read;
  for (bool wait = SSL_has_pending(tls_.get()) == 0;; wait = true) {
    if (wait && !co_await ready(what)) co_return false;
    const Step next = read(to, at_most, what);
    if (next != Step::kAgain) co_return next == Step::kDone;
  }
}

// Readiness alone proves nothing: an event of bytes that are read already may come late, and a
// record need not hold any of a request (TLS 1.3's key updates).
Task<bool> Connection::wait_for_request(SpareBuffer& spare) {
  auto what = Socket::wait_read;
  while (input.empty() && SSL_has_pending(tls_.get()) == 0) {
    error_code ec;  // not ready(): one coroutine less on the way of every request
    co_await socket_.async_wait(what, into(ec));
    if (ec || expired_) co_return false;
    spare.lend(input);
    const Step next = read(input, kRecordBytes, what);
    if (input.empty()) spare.give_back(input);
    if (next == Step::kFailed) co_return false;
  }
  co_return true;
}

Task<> Connection::close() {
  error_code ec;
  ERR_clear_error();
  SSL_shutdown(tls_.get());
  ERR_clear_error();
  socket_.shutdown(Socket::shutdown_send, ec);
  while (!expired_) {
    // MSG_TRUNC on TCP: the bytes are dropped, not copied (tcp(7))
    const ssize_t n =
        ::recv(socket_.native_handle(), nullptr, kDiscardBytes, MSG_TRUNC | MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) co_return;
    if (n < 0 && !co_await ready(Socket::wait_read)) co_return;
  }
}

}  // namespace smc::webhook
