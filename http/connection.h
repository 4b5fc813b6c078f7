// One accepted connection: its socket, TLS over the descriptor where there is any, and the deadline
// of the phase it is in. OpenSSL works on the descriptor itself and Asio only waits for it, so that
// an idle connection holds no buffer. Server's thread only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "http/asio_types.h"
#include "http/ssl.h"
#include "http/task.h"

namespace smc::http {

// A deadline belongs to a phase and is set once, when the phase begins: a client that trickles
// gains nothing by each byte.
enum class Phase { kHandshake, kIdle, kHeader, kBody, kAnswer, kClosing };

std::string_view name(Phase phase);

// One buffer that whoever needs one next takes over: a request that comes in one piece, as nearly
// all do, costs no allocation, and idle connections hold none.
class SpareBuffer {
 public:
  // Gives `text`, which is empty, the buffer if it has none of its own.
  void lend(std::string& text) {
    if (text.capacity() < buffer_.capacity()) text.swap(buffer_);
  }
  // Takes the buffer of `text`, which ends up empty and without one.
  void give_back(std::string& text) {
    if (text.capacity() > buffer_.capacity() && text.capacity() <= kMaxKept) buffer_.swap(text);
    buffer_.clear();
    text = std::string();
  }

 private:
  // Larger than nearly every review.
  static constexpr std::size_t kMaxKept = 64 << 10;

  std::string buffer_;
};

class Connection {
  // co_await: the error_code of the wait.
  auto wait(Socket::wait_type what) {
    return completion([this, what](auto done) { socket_.async_wait(what, std::move(done)); });
  }

 public:
  // What a step on the socket came to. The two in the middle: nothing could be done, and it is to
  // be tried again when the socket is readable or writable.
  enum class Step { kDone, kWantsRead, kWantsWrite, kFailed };

  explicit Connection(Socket socket);

  void enter(Phase phase, Clock::time_point deadline) {
    phase_ = phase;
    deadline_ = deadline;
  }
  Phase phase() const { return phase_; }

  // Called for every connection several times a second. Past the deadline an idle connection's wait
  // ends (a request that has just come wins), any other is shut down; the descriptor stays open
  // until its coroutine has noticed, for OpenSSL has its number.
  void expire(Clock::time_point now);
  // Shuts it down whatever it does.
  void shut_down();
  bool is_shut_down() const { return shut_down_; }
  void shorten_deadline(Clock::time_point latest) { deadline_ = std::min(deadline_, latest); }

  // Each is false when the peer has gone, broken TLS, or is past the deadline. TLS begins with the
  // handshake: until then a connection holds no more than its socket. Throws std::bad_alloc when
  // OpenSSL has no memory.
  Task<bool> handshake(SSL_CTX& context);
  Task<bool> send(std::string_view text);
  // Appends between 1 and `at_most` bytes to `to`.
  Task<bool> receive(std::string& to, std::size_t at_most);
  // close_notify and FIN, then reads to the peer's FIN, within the deadline: closing with unread
  // data would reset the connection and destroy the answer.
  Task<> close();

  // For whoever waits in a coroutine of his own.
  bool has_pending() const { return tls_ && SSL_has_pending(tls_.get()) != 0; }
  Step read(std::string& to, std::size_t at_most);
  auto readable() { return wait(Socket::wait_read); }
  Executor executor() { return socket_.get_executor(); }

  // Why the handshake failed, in OpenSSL's words.
  const std::string& tls_error() const { return tls_error_; }

  // Bytes that came and belong to no request yet.
  std::string input;

 private:
  Task<bool> ready(Step wanted);
  template <class Call>
  Step step(const Call& call);
  Step write(std::string_view text, std::size_t& sent);

  Socket socket_;
  SslPtr tls_;
  std::string tls_error_;
  Clock::time_point deadline_ = Clock::time_point::max();
  Phase phase_ = Phase::kHandshake;
  bool shut_down_ = false;
};

}  // namespace smc::http
