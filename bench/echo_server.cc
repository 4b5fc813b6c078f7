#include "bench/echo_server.h"

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include "bench/load.h"

namespace smc::bench {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

// A client that is gone without a word gives its place back.
constexpr std::chrono::seconds kIdle{120};
// Where the process has no descriptor left, the next connection is taken after a pause.
constexpr std::chrono::milliseconds kAcceptPause{100};

using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;

Response answer(Request& request) {
  const bool echo = request.target() == "/echo" || request.target().starts_with("/echo?");
  const bool taken = request.method() == http::verb::get || request.method() == http::verb::post;
  Response out(http::status::ok, request.version());
  if (!echo) {
    out.result(http::status::not_found);
    out.body() = "nothing but /echo is here\n";
  } else if (!taken) {
    out.result(http::status::method_not_allowed);
    out.set(http::field::allow, "GET, POST");
  } else {
    out.body() = std::move(request.body());
  }
  out.keep_alive(request.keep_alive());
  out.set(http::field::content_type, "application/octet-stream");
  out.prepare_payload();
  return out;
}

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(asio::ip::tcp::socket socket, std::atomic<std::size_t>& sessions)
      : stream_(std::move(socket)), sessions_(sessions) {
    ++sessions_;
  }
  ~Session() { --sessions_; }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  auto executor() { return stream_.get_executor(); }

  void read() {
    parser_.emplace();
    parser_->body_limit(kMaxPayload);
    stream_.expires_after(kIdle);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](const error_code& error, std::size_t) {
                       if (!error) self->write();
                     });
  }

 private:
  void write() {
    Request request = parser_->release();
    response_ = answer(request);
    http::async_write(
        stream_, response_, [self = shared_from_this()](const error_code& error, std::size_t) {
          if (error) return;
          if (self->response_.keep_alive()) return self->read();
          error_code ignored;
          self->stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
        });
  }

  beast::tcp_stream stream_;
  std::atomic<std::size_t>& sessions_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  Response response_;
};

}  // namespace

struct EchoServer::Impl {
  explicit Impl(int threads) : contexts(static_cast<std::size_t>(threads)) {
    for (auto& context : contexts) context = std::make_unique<asio::io_context>(1);
    acceptor.emplace(*contexts.front());
    pause.emplace(*contexts.front());
  }

  // Connections go to the threads in turn.
  void accept() {
    asio::io_context& next = *contexts[turn++ % contexts.size()];
    acceptor->async_accept(next, [this](const error_code& error, asio::ip::tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (error) {
        pause->expires_after(kAcceptPause);
        pause->async_wait([this](const error_code& stopped) {
          if (!stopped) accept();
        });
        return;
      }
      if (sessions < kMaxServedConnections) begin(std::move(socket));
      accept();
    });
  }

  void begin(asio::ip::tcp::socket socket) {
    error_code ignored;
    socket.set_option(asio::ip::tcp::no_delay(true), ignored);
    auto session = std::make_shared<Session>(std::move(socket), sessions);
    asio::post(session->executor(), [session] { session->read(); });
  }

  std::atomic<std::size_t> sessions = 0;  // outlives the contexts, which hold the sessions
  std::vector<std::unique_ptr<asio::io_context>> contexts;
  std::optional<asio::ip::tcp::acceptor> acceptor;
  std::optional<asio::steady_timer> pause;
  std::size_t turn = 0;
};

EchoServer::EchoServer(int threads) : impl_(std::make_unique<Impl>(threads)) {}

EchoServer::~EchoServer() {
  impl_->pause.reset();
  impl_->acceptor.reset();
}

Result<HostPort> EchoServer::bind(const HostPort& address) {
  const auto failed = [&](const error_code& error) {
    return Error{"listen on " + address.text(), error.value(),
                 "give an address of this machine and a free port with --listen"};
  };
  error_code error;
  const auto ip = asio::ip::make_address(address.host, error);
  if (error) return failed(error);
  const asio::ip::tcp::endpoint endpoint(ip, address.port);
  asio::ip::tcp::acceptor& acceptor = *impl_->acceptor;
  if (acceptor.open(endpoint.protocol(), error); error) return failed(error);
  acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (acceptor.bind(endpoint, error); error) return failed(error);
  if (acceptor.listen(asio::socket_base::max_listen_connections, error); error)
    return failed(error);
  return HostPort{address.host, acceptor.local_endpoint().port()};
}

void EchoServer::run() {
  impl_->accept();
  std::vector<std::thread> threads;
  for (auto& context : impl_->contexts)
    threads.emplace_back([&context] {
      const auto work = asio::make_work_guard(*context);
      context->run();
    });
  for (std::thread& thread : threads) thread.join();
}

void EchoServer::stop() {
  for (auto& context : impl_->contexts) context->stop();
}

}  // namespace smc::bench
