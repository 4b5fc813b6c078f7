// Asio's types over the concrete executor: no virtual call and no allocation for each operation, as
// the type-erased default has. For the admission listener's own files.
#pragma once

#include <chrono>
#include <utility>  // Asio 1.74 forgets it

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace smc::webhook {

namespace net = boost::asio;
using boost::system::error_code;

using Executor = net::io_context::executor_type;
using Clock = std::chrono::steady_clock;
using Socket = net::basic_stream_socket<net::ip::tcp, Executor>;
using Acceptor = net::basic_socket_acceptor<net::ip::tcp, Executor>;
using Timer = net::basic_waitable_timer<Clock, net::wait_traits<Clock>, Executor>;
template <class T = void>
using Task = net::awaitable<T, Executor>;

// co_await operation(into(ec)): the operation's error goes to `ec` instead of being thrown.
inline auto into(error_code& ec) {
  return net::redirect_error(net::use_awaitable_t<Executor>{}, ec);
}

}  // namespace smc::webhook
