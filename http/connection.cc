#include "http/connection.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>

#include <openssl/err.h>
#include <sys/socket.h>

#include "base/openssl.h"

namespace smc::http {
namespace {

// One TLS record (RFC 8446, section 5.1). Shared by all connections of a thread: filled and emptied
// between two suspensions.
constexpr std::size_t kRecordBytes = 16 << 10;

// How much of an unwanted body one call throws away.
constexpr std::size_t kDiscardBytes = 1 << 20;

Connection::Step step_of(ssize_t moved, Connection::Step wanted) {
  if (moved > 0) return Connection::Step::kDone;
  const bool again = moved < 0 && (errno == EAGAIN || errno == EINTR);
  return again ? wanted : Connection::Step::kFailed;
}

}  // namespace

std::string_view name(Phase phase) {
  static constexpr std::array<std::string_view, 6> kNames = {"handshake", "idle",   "header",
                                                             "body",      "answer", "closing"};
  return kNames[static_cast<std::size_t>(phase)];
}

Connection::Connection(Socket socket) : socket_(std::move(socket)) {
  error_code ignored;  // of a connection that is already gone; the first read finds out
  socket_.native_non_blocking(true, ignored);
  socket_.set_option(net::ip::tcp::no_delay(true), ignored);
}

void Connection::expire(Clock::time_point now) {
  if (shut_down_ || now < deadline_) return;
  error_code ignored;
  if (phase_ == Phase::kIdle)
    socket_.cancel(ignored);
  else
    shut_down();
}

void Connection::shut_down() {
  shut_down_ = true;
  error_code ignored;
  socket_.shutdown(Socket::shutdown_both, ignored);
}

Task<bool> Connection::ready(Step wanted) {
  const error_code ec =
      co_await wait(wanted == Step::kWantsWrite ? Socket::wait_write : Socket::wait_read);
  co_return !ec && !shut_down_;
}

// Does `call`, an SSL_ function.
template <class Call>
Connection::Step Connection::step(const Call& call) {
  ERR_clear_error();  // SSL_get_error looks at the thread's queue
  const int result = call(tls_.get());
  if (result > 0) return Step::kDone;
  switch (SSL_get_error(tls_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return Step::kWantsRead;
    case SSL_ERROR_WANT_WRITE:
      return Step::kWantsWrite;
    default:
      tls_error_ = openssl::queued_error("TLS").text();
      return Step::kFailed;
  }
}

Task<bool> Connection::handshake(SSL_CTX& context) {
  tls_.reset(SSL_new(&context));
  if (!tls_ || SSL_set_fd(tls_.get(), socket_.native_handle()) != 1) throw std::bad_alloc();
  SSL_set_accept_state(tls_.get());
  for (;;) {
    const Step next = step(SSL_do_handshake);
    if (next == Step::kDone) co_return true;
    if (next == Step::kFailed) co_return false;
    const bool again = co_await ready(next);
    if (!again) co_return false;
  }
}

// OpenSSL takes the whole of `text` or nothing, and wants the same bytes again then.
Connection::Step Connection::write(std::string_view text, std::size_t& sent) {
  const std::string_view rest = text.substr(sent);
  if (tls_) {
    const Step next = step(
        [rest](SSL* tls) { return SSL_write(tls, rest.data(), static_cast<int>(rest.size())); });
    if (next == Step::kDone) sent = text.size();
    return next;
  }
  const ssize_t moved =
      ::send(socket_.native_handle(), rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (moved > 0) sent += static_cast<std::size_t>(moved);
  return step_of(moved, Step::kWantsWrite);
}

Task<bool> Connection::send(std::string_view text) {
  for (std::size_t sent = 0; sent < text.size();) {
    const Step next = write(text, sent);
    if (next == Step::kFailed) co_return false;
    if (next == Step::kDone) continue;
    const bool again = co_await ready(next);
    if (!again) co_return false;
  }
  co_return true;
}

// One record or what the socket has, appended to `to`.
Connection::Step Connection::read(std::string& to, std::size_t at_most) {
  static thread_local std::array<char, kRecordBytes> record;
  const std::size_t room = std::min(at_most, record.size());
  ssize_t got = 0;
  Step next = Step::kFailed;
  if (tls_) {
    next = step([room, &got](SSL* tls) {
      return static_cast<int>(got = SSL_read(tls, record.data(), static_cast<int>(room)));
    });
  } else {
    got = ::recv(socket_.native_handle(), record.data(), room, MSG_DONTWAIT);
    next = step_of(got, Step::kWantsRead);
  }
  if (next == Step::kDone) to.append(record.data(), static_cast<std::size_t>(got));
  return next;
}

// Waits before each read unless OpenSSL holds bytes: saves a read that would find nothing, and lets
// the other connections have their turn between two reads of a long body.
Task<bool> Connection::receive(std::string& to, std::size_t at_most) {
  Step next = has_pending() ? read(to, at_most) : Step::kWantsRead;
  while (next == Step::kWantsRead || next == Step::kWantsWrite) {
    const bool again = co_await ready(next);
    if (!again) co_return false;
    next = read(to, at_most);
  }
  co_return next == Step::kDone;
}

Task<> Connection::close() {
  error_code ec;
  ERR_clear_error();
  if (tls_) SSL_shutdown(tls_.get());
  ERR_clear_error();
  tls_.reset();  // nothing is read any more, and the alert left OpenSSL a buffer
  socket_.shutdown(Socket::shutdown_send, ec);
  while (!shut_down_) {
    // MSG_TRUNC on TCP: the bytes are dropped, not copied (tcp(7))
    const ssize_t n =
        ::recv(socket_.native_handle(), nullptr, kDiscardBytes, MSG_TRUNC | MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) co_return;
    if (n > 0) continue;
    const bool again = co_await ready(Step::kWantsRead);
    if (!again) co_return;
  }
}

}  // namespace smc::http
