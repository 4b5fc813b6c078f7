// One accepted connection: its socket, TLS over the descriptor, and the deadline of the phase it is
// in. OpenSSL works on the descriptor itself and Asio only waits for it, so that an idle connection
// holds no buffer. Listener's thread only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "webhook/https/asio_types.h"
#include "webhook/https/tls.h"

namespace smc::webhook {

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
 public:
  // Throws std::bad_alloc when OpenSSL has no memory.
  Connection(Socket socket, SSL_CTX& context);

  void enter(Phase phase, Clock::time_point deadline) {
    phase_ = phase;
    deadline_ = deadline;
  }
  Phase phase() const { return phase_; }

  // Called for every connection several times a second. Past the deadline an idle connection's wait
  // ends (a request that has just come wins), any other is shut down; the descriptor stays open
  // until its coroutine has noticed, for OpenSSL has its number.
  void expire(Clock::time_point now);
  bool expired() const { return expired_; }
  void shorten_deadline(Clock::time_point latest) { deadline_ = std::min(deadline_, latest); }

  // Each is false when the peer has gone, broken TLS, or is past the deadline.
  Task<bool> handshake();
  // What try_send() could not do at once; the same `text`.
  Task<bool> send(std::string_view text);
  // Appends between 1 and `at_most` bytes to `to`.
  Task<bool> receive(std::string& to, std::size_t at_most);
  // Waits for the first bytes of a request, and reads them into `input` with a buffer of `spare`.
  // They may be in OpenSSL's hands still: a record that has not come whole.
  Task<bool> wait_for_request(SpareBuffer& spare);
  // close_notify and FIN, then reads to the peer's FIN, within the deadline: closing with unread
  // data would reset the connection and destroy the answer.
  Task<> close();

  // Nothing: the socket is full.
  std::optional<bool> try_send(std::string_view text);

  // Why the handshake failed, in OpenSSL's words.
  const std::string& tls_error() const { return tls_error_; }

  // Bytes that came and belong to no request yet.
  std::string input;
  // Taken in over the cap, to be told so.
  bool over_cap = false;

 private:
  enum class Step { kDone, kAgain, kFailed };

  Task<bool> ready(Socket::wait_type what);
  template <class Call>
  Step step(const Call& call, Socket::wait_type& what);
  Step read(std::string& to, std::size_t at_most, Socket::wait_type& what);
  Step write(std::string_view text, Socket::wait_type& what);

  Socket socket_;
  SslPtr tls_;
  std::string tls_error_;
  Clock::time_point deadline_ = Clock::time_point::max();
  Phase phase_ = Phase::kHandshake;
  bool expired_ = false;
};

}  // namespace smc::webhook
