#include "bench/load_connection.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>

#include "bench/load.h"

namespace smc::bench {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

// A server that refuses is not asked without a pause.
constexpr std::chrono::milliseconds kPause{100};

std::string kind_of(const error_code& error) {
  if (error == asio::error::connection_refused) return "refused";
  if (error == asio::error::connection_reset || error == asio::error::broken_pipe ||
      error == http::error::end_of_stream || error == asio::error::eof)
    return "reset";
  if (error == asio::error::timed_out) return "timeout";
  if (error.category() == http::make_error_code(http::error::end_of_stream).category())
    return "no HTTP";
  return "connection";
}

}  // namespace

LoadConnection::LoadConnection(asio::io_context& io, const Plan& plan, OpenPorts& ports,
                               Tally& tally)
    : socket_(io), timer_(io), plan_(plan), ports_(ports), tally_(tally) {}

error_code LoadConnection::connect(asio::io_context& io,
                                   const asio::ip::tcp::resolver::results_type& addresses) {
  error_code error = asio::error::timed_out;
  asio::async_connect(socket_, addresses,
                      [&](const error_code& result, const asio::ip::tcp::endpoint& peer) {
                        if (socket_.is_open()) error = result;
                        peer_ = peer;
                      });
  io.restart();
  io.run_for(plan_.timeout);
  if (error) {
    error_code ignored;
    socket_.close(ignored);
    io.run();  // the handler's references end with this function
    return error;
  }
  opened();
  return error;
}

void LoadConnection::opened() {
  error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  const auto local = socket_.local_endpoint(ignored);
  port_ = local.port();
  ports_.opened(local.address().to_string(), port_);
}

void LoadConnection::start(const Window& window, Clock::time_point first) {
  window_ = window;
  due_ = first;
  next();
}

void LoadConnection::next() {
  const auto now = Clock::now();
  if (plan_.interval == Clock::duration::zero() && due_ < now) due_ = now;
  if (due_ >= window_.end || now >= window_.end) return close();
  if (due_ <= now) return send();
  timer_.expires_at(due_);
  timer_.async_wait([this](const error_code& error) {
    if (!error && !closed_) send();
  });
}

void LoadConnection::send() {
  sent_ = Clock::now();
  in_flight_ = true;
  asio::async_write(socket_, asio::buffer(plan_.request),
                    [this](const error_code& error, std::size_t) {
                      if (error) return failed(kind_of(error));
                      receive();
                    });
}

void LoadConnection::receive() {
  parser_.emplace();
  parser_->body_limit(kMaxPayload);
  http::async_read(socket_, buffer_, *parser_, [this](const error_code& error, std::size_t) {
    if (error) return failed(kind_of(error));
    received(Clock::now());
  });
}

void LoadConnection::received(Clock::time_point now) {
  if (closed_) return;
  in_flight_ = false;
  const unsigned status = parser_->get().result_int();
  if (status != 200) return failed("status " + std::to_string(status));
  if (window_.holds(now)) {
    tally_.latency.record(now - due_);
    tally_.service.record(now - sent_);
    ++tally_.course[second_of(now)].requests;
  }
  due_ += plan_.interval;
  if (!parser_->keep_alive()) return connect_again();
  next();
}

void LoadConnection::failed(const std::string& kind) {
  if (closed_) return;
  in_flight_ = false;
  const auto now = Clock::now();
  if (window_.holds(now)) {
    ++tally_.errors[timed_out_ ? "timeout" : kind];
    ++tally_.course[second_of(now)].errors;
  }
  timed_out_ = false;
  due_ += plan_.interval;
  connect_again();
}

void LoadConnection::connect_again() {
  error_code ignored;
  ports_.closed(port_);
  socket_.close(ignored);
  buffer_.clear();
  if (Clock::now() >= window_.end) return close();
  timer_.expires_after(kPause);
  timer_.async_wait([this](const error_code& error) {
    if (error || closed_) return;
    in_flight_ = true;
    sent_ = Clock::now();
    socket_.async_connect(peer_, [this](const error_code& problem) {
      if (problem) return failed(kind_of(problem));
      in_flight_ = false;
      opened();
      next();
    });
  });
}

void LoadConnection::look_after(Clock::time_point now) {
  if (now >= window_.end + plan_.timeout) return close();
  if (!in_flight_ || now - sent_ < plan_.timeout) return;
  timed_out_ = true;
  error_code ignored;
  socket_.cancel(ignored);
}

void LoadConnection::close() {
  if (std::exchange(closed_, true)) return;
  error_code ignored;
  ports_.closed(port_);
  timer_.cancel(ignored);
  socket_.close(ignored);
}

std::size_t LoadConnection::second_of(Clock::time_point time) const {
  const auto second = std::chrono::duration_cast<std::chrono::seconds>(time - window_.begin);
  return std::min(static_cast<std::size_t>(second.count()), tally_.course.size() - 1);
}

}  // namespace smc::bench
