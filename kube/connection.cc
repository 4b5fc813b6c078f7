#include "kube/connection.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <system_error>

#include <fcntl.h>
#include <httplib.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/openssl.h"
#include "kube/socket.h"
#include "kube/tls.h"
#include "kube/watchdog.h"

namespace smc::kube {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Load balancers before an API server close idle connections after 60 s and more.
constexpr std::chrono::seconds kMaxIdle{30};

// cpp-httplib's own time-outs count each wait anew; the Watchdog's come first.
constexpr std::chrono::hours kNever{24};

milliseconds retry_after(const httplib::Response& response) {
  // RFC 9110, section 10.2.3; API servers send seconds, never a date. An hour bounds a typo.
  const std::string text = response.get_header_value("Retry-After");
  unsigned seconds = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (parsed.ec != std::errc()) return milliseconds{0};
  return std::chrono::seconds(std::min(seconds, 3600U));
}

// Of `299 - "text"` the text; API servers send no other form (KEP-1693).
std::string warning_text(const std::string& header) {
  const std::size_t begin = header.find('"');
  std::string text;
  if (begin == std::string::npos) return text;
  for (std::size_t i = begin + 1; i < header.size() && header[i] != '"'; ++i) {
    if (header[i] == '\\' && i + 1 < header.size()) ++i;
    text += header[i];
  }
  return text;
}

HttpHead head_of(const httplib::Response& response) {
  HttpHead head{response.status, retry_after(response), response.get_header_value("Date"), {}};
  const auto [first, last] = response.headers.equal_range("Warning");
  for (auto header = first; header != last; ++header)
    head.warnings.push_back(warning_text(header->second));
  return head;
}

}  // namespace

// One cpp-httplib client for each connection, so that each reads the cluster's files anew.
class Connection::Http {
 public:
  Http(std::shared_ptr<const Cluster> cluster, const Stop& stop)
      : cluster_(std::move(cluster)), stop_(stop) {}
  ~Http() { drop(); }
  Http(const Http&) = delete;
  Http& operator=(const Http&) = delete;

  Outcome<void> exchange(const HttpRequest& request, const Exchange& exchange);

 private:
  static void on_tls_state(const SSL* session, int where, int);

  void drop();
  bool is_stale() const;
  Outcome<void> open(const std::string& address);
  httplib::Request prepare(const HttpRequest& request, const Exchange& exchange);
  Outcome<void> send(const HttpRequest& request, const Exchange& exchange,
                     const Watchdog::Times& times, bool connected);
  Outcome<void> connect_and_send(const HttpRequest& request, const Exchange& exchange);
  ApiError failure(httplib::Error error, Watchdog::Reason reason, Watchdog::Phase phase,
                   const Watchdog::Times& times);
  ApiError too_late(Watchdog::Phase phase) const;
  ApiError broken() const;

  std::shared_ptr<const Cluster> cluster_;
  const Stop& stop_;
  std::unique_ptr<httplib::ClientImpl> client_;  // null: not connected
  std::string address_;                          // that it is for
  std::shared_ptr<const Fd> socket_;             // a descriptor of its socket, once it has one
  int verdict_ = X509_V_OK;                      // on the server's certificate
  bool head_received_ = false;
  std::optional<Watchdog> watchdog_;  // of the exchange under way
  SteadyTime last_used_;
};

// The socket is shut first: newer releases of cpp-httplib would wait for the peer's close_notify.
void Connection::Http::drop() {
  if (socket_) ::shutdown(socket_->get(), SHUT_RDWR);
  client_.reset();
  socket_.reset();
  ERR_clear_error();
}

// A connection that the server has closed, or may close at any moment, would lose the next request.
bool Connection::Http::is_stale() const {
  return client_->is_socket_open() == 0 || is_closed_by_peer(socket_->get()) ||
         steady_clock::now() - last_used_ > kMaxIdle;
}

void Connection::Http::on_tls_state(const SSL* session, int where, int) {
  if ((where & SSL_CB_HANDSHAKE_DONE) == 0) return;
  auto* http = static_cast<Http*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(session)));
  if (http->watchdog_) http->watchdog_->handshake_done();
}

// A client for the address; it connects with the first request.
Outcome<void> Connection::Http::open(const std::string& address) {
  drop();
  address_ = address;
  // The descriptor is had before, so that no connection is made that could not be ended.
  socket_ = std::make_shared<const Fd>(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket_->valid())
    return make_error(Failure::kConnect, std::string("make a socket: ") + std::strerror(errno),
                      "raise the limit of open files");
  const std::string name = cluster_->tls ? sent_server_name(*cluster_) : std::string();
  if (cluster_->tls) {
    auto client = std::make_unique<httplib::SSLClient>(name, cluster_->port);
    // OpenSSL itself verifies, in the handshake, as set_up_tls() tells it. cpp-httplib would do so
    // afterwards and by rules of its own, and trust the system's authorities too.
    client->enable_server_certificate_verification(false);
    SSL_CTX* context = client->ssl_context();
    if (const auto ready = set_up_tls(context, *cluster_, verdict_); !ready) return ready.error();
    SSL_CTX_set_app_data(context, this);
    SSL_CTX_set_info_callback(context, on_tls_state);
    client_ = std::move(client);
  } else {
    client_ = std::make_unique<httplib::ClientImpl>(name, cluster_->port);
  }
  client_->set_hostname_addr_map({{name, address}});
  client_->set_socket_options([this](int socket) {
    set_keepalive(socket);
    ::dup3(socket, socket_->get(), O_CLOEXEC);
    if (watchdog_) watchdog_->watch(socket_, false);
  });
  client_->set_tcp_nodelay(true);
  client_->set_keep_alive(true);
  client_->set_url_encode(false);
  client_->set_decompress(false);  // never asked for
  client_->set_connection_timeout(kNever);
  client_->set_read_timeout(kNever);
  client_->set_write_timeout(kNever);
  return {};
}

httplib::Request Connection::Http::prepare(const HttpRequest& request, const Exchange& exchange) {
  httplib::Request out;
  out.method = request.method;
  out.path = cluster_->base_path + request.path;
  out.set_header("Host", cluster_->address());
  for (const auto& [name, value] : request.headers) out.set_header(name, value);
  out.body = request.body;
  out.response_handler = [this, &exchange](const httplib::Response& response) {
    head_received_ = true;
    watchdog_->received(exchange.silence);
    if (exchange.on_head) exchange.on_head(head_of(response));
    return true;
  };
  out.content_receiver = [this, &exchange](const char* data, std::size_t size, std::uint64_t,
                                           std::uint64_t) {
    watchdog_->received(exchange.silence);
    return exchange.on_data(std::string_view(data, size));
  };
  return out;
}

ApiError Connection::Http::too_late(Watchdog::Phase phase) const {
  switch (phase) {
    case Watchdog::Phase::kConnect:
      return connect_error(cluster_->host, cluster_->port, ETIMEDOUT);
    case Watchdog::Phase::kHandshake:
      return make_error(Failure::kTls, "TLS with " + cluster_->address() + ": no answer in time",
                        "does " + cluster_->address() + " speak TLS?");
    case Watchdog::Phase::kAnswer:
      break;
  }
  return make_error(Failure::kStream, "the server went silent",
                    "the API server is overloaded, or the network drops packets");
}

// The connection was there. A server that refuses our certificate says so after the handshake (TLS
// 1.3), and its reason stands in OpenSSL's queue unless its reset has overtaken it.
ApiError Connection::Http::broken() const {
  const std::string address = cluster_->address();
  if (ERR_peek_error() != 0)
    return make_error(Failure::kStream, openssl::queued_error("the connection broke").what,
                      "does " + address + " accept our client certificate?");
  // Some versions of cpp-httplib have limits of their own, and tell of none.
  if (socket_ && is_kept_by_peer(socket_->get()))
    return make_error(Failure::kAnswer, "the answer is no HTTP, or its headers are too large",
                      "is " + address + " an API server?");
  if (head_received_)
    return make_error(Failure::kStream, "the connection ended before the answer did");
  return make_error(Failure::kStream, "no HTTP answer: the connection was closed or reset by peer",
                    "is " + address + " an API server, and does it accept our client certificate?");
}

ApiError Connection::Http::failure(httplib::Error error, Watchdog::Reason reason,
                                   Watchdog::Phase phase, const Watchdog::Times& times) {
  if (reason == Watchdog::Reason::kStopped) return stopped_error();
  if (reason == Watchdog::Reason::kTime) return too_late(phase);
  if (reason == Watchdog::Reason::kFraming)
    return make_error(Failure::kAnswer, "the answer's headers are too large");
  switch (error) {
    case httplib::Error::Canceled:
      return make_error(Failure::kAnswer, "the receiver refused the answer");
    case httplib::Error::SSLConnection:
      return handshake_error(*cluster_, verdict_);
    case httplib::Error::Connection: {
      // cpp-httplib keeps the reason to itself: the same attempt shows it.
      const int why = connect_errno(address_, cluster_->port, stop_, times.connect);
      return connect_error(cluster_->host, cluster_->port, why == 0 ? ECONNRESET : why);
    }
    default:
      return broken();
  }
}

Outcome<void> Connection::Http::send(const HttpRequest& request, const Exchange& exchange,
                                     const Watchdog::Times& times, bool connected) {
  httplib::Request prepared = prepare(request, exchange);
  httplib::Response response;
  httplib::Error error = httplib::Error::Success;
  ERR_clear_error();
  verdict_ = X509_V_OK;
  head_received_ = false;
  watchdog_.emplace(stop_, times, cluster_->tls);
  if (connected) watchdog_->watch(socket_, true);
  const bool done = client_->send(prepared, response, error);
  const Watchdog::Reason reason = watchdog_->finish();
  const Watchdog::Phase phase = watchdog_->phase();
  watchdog_.reset();
  last_used_ = steady_clock::now();
  if (!done) {
    const ApiError failed = failure(error, reason, phase, times);
    drop();
    return failed;
  }
  // cpp-httplib reads no body for this status and does not show its head either.
  if (response.status == 204 && exchange.on_head) exchange.on_head(head_of(response));
  return {};
}

// Tries the addresses of the host in turn. Each has its share of the time, so that one that
// swallows packets does not cost all.
Outcome<void> Connection::Http::connect_and_send(const HttpRequest& request,
                                                 const Exchange& exchange) {
  const SteadyTime deadline = steady_clock::now() + exchange.connect;
  const auto addresses = resolve(cluster_->host, stop_, deadline);
  if (!addresses) return addresses.error();
  auto left = static_cast<int>(addresses->size());
  for (const std::string& address : *addresses) {
    if (const auto opened = open(address); !opened) return opened.error();
    const auto now = steady_clock::now();
    const Watchdog::Times times{now + (deadline - now) / left, deadline, exchange.answer};
    Outcome<void> sent = send(request, exchange, times, false);
    if (--left == 0 || sent || sent.error().failure != Failure::kConnect) return sent;
  }
  return {};  // not reached: there is at least one address
}

Outcome<void> Connection::Http::exchange(const HttpRequest& request, const Exchange& exchange) {
  if (stop_.requested()) return stopped_error();
  constexpr SteadyTime kConnected = SteadyTime::max();
  try {
    if (!client_ || is_stale()) return connect_and_send(request, exchange);
    return send(request, exchange, {kConnected, kConnected, exchange.answer}, true);
  } catch (const std::system_error& error) {
    // of a thread or a descriptor that the process cannot have
    return make_error(Failure::kConnect, error.what(), "raise the limits of this process");
  }
}

Connection::Connection(std::shared_ptr<const Cluster> cluster, const Stop& stop)
    : http_(std::make_unique<Http>(std::move(cluster), stop)) {}
Connection::~Connection() = default;

Outcome<void> Connection::exchange(const HttpRequest& request, const Exchange& exchange) {
  return http_->exchange(request, exchange);
}

}  // namespace smc::kube
