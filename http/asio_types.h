// Asio's types over the concrete executor: no virtual call and no allocation for each operation, as
// the type-erased default has. For this room's own files.
#pragma once

#include <chrono>
#include <utility>  // Asio 1.74 forgets it

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace smc::http {

namespace net = boost::asio;
using boost::system::error_code;

using Executor = net::io_context::executor_type;
using Clock = std::chrono::steady_clock;
using Socket = net::basic_stream_socket<net::ip::tcp, Executor>;
using Acceptor = net::basic_socket_acceptor<net::ip::tcp, Executor>;
using Timer = net::basic_waitable_timer<Clock, net::wait_traits<Clock>, Executor>;

}  // namespace smc::http
