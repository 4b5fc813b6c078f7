#include "kube/connection.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>

#include <httplib.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>

#include "kube/socket.h"
#include "kube/tls.h"

namespace smc::kube {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Status line and headers, or what frames the chunks of a body: cpp-httplib reads these byte by
// byte and without a limit of its own. Go's server sends at most 1 MiB by default; an API server's
// head is below 4 KiB.
constexpr std::size_t kMaxFramingBytes = 64 << 10;

// Load balancers before an API server close idle connections after 60 s and more.
constexpr std::chrono::seconds kMaxIdle{30};

// What the waits of one exchange obey, and why the first of them failed.
struct Watchdog {
  const Stop& stop;
  SteadyTime deadline;
  std::size_t framing_bytes = 0;
  std::optional<ApiError> failure;

  void fail(ApiError error) {
    if (!failure) failure = std::move(error);
  }

  bool wait(int fd, short events) {
    switch (wait_for(fd, events, stop, deadline)) {
      case Readiness::kReady:
        return true;
      case Readiness::kStopped:
        fail(stopped_error());
        return false;
      case Readiness::kTimeout:
        fail(make_error(Failure::kStream, "the server went silent",
                        "the API server is overloaded, or the network drops packets"));
        return false;
    }
    return false;
  }
};

// The bytes of one exchange, plain or through TLS.
class Wire final : public httplib::Stream {
 public:
  Wire(int fd, SSL* tls, Watchdog& watchdog) : fd_(fd), tls_(tls), watchdog_(watchdog) {}

  bool is_readable() const override { return true; }  // read() waits by itself
  bool is_writable() const override { return true; }

  ssize_t read(char* to, std::size_t size) override {
    if (size == 1 && ++watchdog_.framing_bytes > kMaxFramingBytes) {
      watchdog_.fail(make_error(Failure::kAnswer, "the answer's headers are too large"));
      return -1;
    }
    return transfer(POLLIN, [&] {
      return tls_ != nullptr ? SSL_read(tls_, to, clamped(size)) : ::recv(fd_, to, size, 0);
    });
  }

  ssize_t write(const char* from, std::size_t size) override {
    return transfer(POLLOUT, [&] {
      return tls_ != nullptr ? SSL_write(tls_, from, clamped(size))
                             : ::send(fd_, from, size, MSG_NOSIGNAL);
    });
  }

  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return fd_; }

 private:
  static int clamped(std::size_t size) {
    return static_cast<int>(std::min<std::size_t>(size, 1 << 30));
  }

  // A server that refuses our certificate says so after the handshake (TLS 1.3) and closes: the
  // request then fails to be written while the reason waits to be read.
  ApiError broken(int error) {
    char byte = 0;
    if (tls_ != nullptr && ERR_peek_error() == 0 && error == EPIPE) SSL_read(tls_, &byte, 1);
    if (ERR_peek_error() != 0)
      return make_error(Failure::kStream, openssl::openssl_error("the connection broke").what);
    if (error != 0)
      return make_error(Failure::kStream,
                        std::string("the connection broke: ") + std::strerror(error));
    return make_error(Failure::kStream, "the server closed the connection before the end");
  }

  // The events to wait for before the operation is repeated; 0 where it failed for good.
  short wanted(ssize_t result, short events) const {
    if (tls_ == nullptr) return errno == EAGAIN || errno == EINTR ? events : static_cast<short>(0);
    switch (SSL_get_error(tls_, static_cast<int>(result))) {
      case SSL_ERROR_WANT_READ:
        return POLLIN;
      case SSL_ERROR_WANT_WRITE:
        return POLLOUT;
      default:
        return 0;
    }
  }

  // -1 at any failure, a closed connection included: every end that is no error is announced by the
  // framing (a length or a last chunk).
  template <class Operation>
  ssize_t transfer(short events, Operation operation) {
    for (;;) {
      ERR_clear_error();
      errno = 0;
      const ssize_t done = operation();
      if (done > 0) return done;
      const int error = errno;
      const short next =
          done == 0 && tls_ == nullptr ? static_cast<short>(0) : wanted(done, events);
      if (next == 0) {
        watchdog_.fail(broken(error));
        return -1;
      }
      if (!watchdog_.wait(fd_, next)) return -1;
    }
  }

  int fd_;
  SSL* tls_;
  Watchdog& watchdog_;
};

milliseconds retry_after(const httplib::Response& response) {
  // RFC 9110, section 10.2.3; API servers send seconds, never a date. An hour bounds a typo.
  const std::string text = response.get_header_value("Retry-After");
  unsigned seconds = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (parsed.ec != std::errc()) return milliseconds{0};
  return std::chrono::seconds(std::min(seconds, 3600U));
}

HttpHead head_of(const httplib::Response& response) {
  return {response.status, retry_after(response), response.get_header_value("Date")};
}

}  // namespace

// cpp-httplib's client on our sockets: it asks the overridden functions for a connection and for
// the stream of a request.
class Connection::Http final : public httplib::ClientImpl {
 public:
  Http(std::shared_ptr<const Cluster> cluster, const Stop& stop)
      : ClientImpl(cluster->host, cluster->port),
        cluster_(std::move(cluster)),
        watchdog_{stop, {}, 0, {}} {
    set_keep_alive(true);
    set_url_encode(false);
    set_decompress(false);  // never asked for
  }

  ~Http() override { release_tls(socket_); }
  Http(const Http&) = delete;
  Http& operator=(const Http&) = delete;

  Outcome<void> exchange(const HttpRequest& request, const Exchange& exchange);

 protected:
  bool create_and_connect_socket(Socket& socket, httplib::Error& error) override {
    const SteadyTime deadline = steady_clock::now() + connect_limit_;
    if (const Outcome<void> connected = connect(socket, deadline); !connected) {
      watchdog_.fail(connected.error());
      error = httplib::Error::Connection;
      return false;
    }
    watchdog_.deadline = steady_clock::now() + answer_limit_;
    return true;
  }

  void shutdown_ssl(Socket& socket, bool gracefully) override {
    if (socket.ssl != nullptr && gracefully && !watchdog_.failure) SSL_shutdown(socket.ssl);
    release_tls(socket);
  }

 private:
  bool process_socket(const Socket& socket,
                      std::function<bool(httplib::Stream&)> callback) override {
    Wire wire(socket.sock, socket.ssl, watchdog_);
    return callback(wire);
  }
  bool is_ssl() const override { return false; }  // else it would take us for its own SSLClient

  static void release_tls(Socket& socket) {
    SSL_free(socket.ssl);
    socket.ssl = nullptr;
    ERR_clear_error();
  }

  Outcome<void> connect(Socket& socket, SteadyTime deadline);
  void drop_if_stale();
  httplib::Request prepare(const HttpRequest& request, const Exchange& exchange);

  std::shared_ptr<const Cluster> cluster_;
  Watchdog watchdog_;
  milliseconds connect_limit_{0};
  milliseconds answer_limit_{0};
  SteadyTime last_used_;
};

Outcome<void> Connection::Http::connect(Socket& socket, SteadyTime deadline) {
  Outcome<Fd> fd = connect_to(cluster_->host, cluster_->port, watchdog_.stop, deadline);
  if (!fd) return fd.error();
  if (cluster_->tls) {
    const Outcome<TlsContext> context = tls_context(*cluster_);
    if (!context) return context.error();
    Outcome<TlsSession> session =
        tls_handshake(context->get(), fd->get(), *cluster_, watchdog_.stop, deadline);
    if (!session) return session.error();
    socket.ssl = session->release();
  }
  socket.sock = fd->release();
  return {};
}

// A connection that the server has closed, or may close at any moment, would lose the next request.
void Connection::Http::drop_if_stale() {
  if (!socket_.is_open()) return;
  char byte = 0;
  ERR_clear_error();
  const bool quiet =
      socket_.ssl != nullptr
          ? SSL_get_error(socket_.ssl, SSL_peek(socket_.ssl, &byte, 1)) == SSL_ERROR_WANT_READ
          : ::recv(socket_.sock, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
  if (!quiet || steady_clock::now() - last_used_ > kMaxIdle) stop();
}

httplib::Request Connection::Http::prepare(const HttpRequest& request, const Exchange& exchange) {
  httplib::Request out;
  out.method = request.method;
  out.path = cluster_->base_path + request.path;
  for (const auto& [name, value] : request.headers) out.set_header(name, value);
  out.body = request.body;
  out.response_handler = [this, &exchange](const httplib::Response& response) {
    watchdog_.framing_bytes = 0;
    if (exchange.silence.count() > 0) watchdog_.deadline = steady_clock::now() + exchange.silence;
    if (exchange.on_head) exchange.on_head(head_of(response));
    return true;
  };
  out.content_receiver = [this, &exchange](const char* data, std::size_t size, std::uint64_t,
                                           std::uint64_t) {
    watchdog_.framing_bytes = 0;
    if (exchange.silence.count() > 0) watchdog_.deadline = steady_clock::now() + exchange.silence;
    return exchange.on_data(std::string_view(data, size));
  };
  return out;
}

Outcome<void> Connection::Http::exchange(const HttpRequest& request, const Exchange& exchange) {
  watchdog_.failure.reset();
  watchdog_.framing_bytes = 0;
  drop_if_stale();
  connect_limit_ = exchange.connect;
  answer_limit_ = exchange.answer;
  watchdog_.deadline = steady_clock::now() + exchange.answer;
  httplib::Request prepared = prepare(request, exchange);
  httplib::Response response;
  httplib::Error error = httplib::Error::Success;
  const bool done = send(prepared, response, error);
  last_used_ = steady_clock::now();
  if (watchdog_.failure) return *watchdog_.failure;
  // cpp-httplib reads no body for this status and does not show its head either.
  if (done && response.status == 204 && exchange.on_head) exchange.on_head(head_of(response));
  if (done) return {};
  if (error == httplib::Error::Canceled)
    return make_error(Failure::kAnswer, "the receiver refused the answer");
  return make_error(Failure::kAnswer, "not an HTTP answer",
                    "is " + cluster_->address() + " an API server?");
}

Connection::Connection(std::shared_ptr<const Cluster> cluster, const Stop& stop)
    : http_(std::make_unique<Http>(std::move(cluster), stop)) {}
Connection::~Connection() = default;

Outcome<void> Connection::exchange(const HttpRequest& request, const Exchange& exchange) {
  return http_->exchange(request, exchange);
}

}  // namespace smc::kube
