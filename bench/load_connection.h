// One connection of a load: sends a request whenever one is due, and counts its answer. Lives on
// its worker's thread.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "bench/histogram.h"
#include "bench/open_ports.h"
#include "bench/run_result.h"

namespace smc::bench {

using Clock = std::chrono::steady_clock;

// When what is counted, the same for all connections of a run.
struct Window {
  Clock::time_point begin;
  Clock::time_point end;
  bool holds(Clock::time_point time) const { return begin <= time && time < end; }
};

// What one worker's connections counted.
struct Tally {
  Histogram latency;
  Histogram service;
  std::map<std::string, std::uint64_t> errors;
  std::vector<Second> course;

  explicit Tally(std::size_t seconds) : course(seconds) {}
};

class LoadConnection {
 public:
  struct Plan {
    std::string request;          // as it goes over the wire
    Clock::duration interval{0};  // between two requests of this connection; 0: none waits
    Clock::duration timeout{};
  };

  LoadConnection(boost::asio::io_context& io, const Plan& plan, OpenPorts& ports, Tally& tally);

  // Runs `io`, in which nothing else happens yet, until it is connected or not; before start().
  boost::system::error_code connect(boost::asio::io_context& io,
                                    const boost::asio::ip::tcp::resolver::results_type& addresses);

  // The first request is due at `first`, the last before the window's end.
  void start(const Window& window, Clock::time_point first);

  // Drops a request that has waited too long.
  void look_after(Clock::time_point now);
  void close();
  bool is_closed() const { return closed_; }

 private:
  void opened();
  void next();
  void send();
  void receive();
  void received(Clock::time_point now);
  void failed(const std::string& kind);
  void connect_again();
  std::size_t second_of(Clock::time_point time) const;

  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer timer_;
  const Plan& plan_;
  OpenPorts& ports_;
  Tally& tally_;
  Window window_;
  boost::asio::ip::tcp::endpoint peer_;
  std::uint16_t port_ = 0;  // while it is open
  Clock::time_point due_;   // of the next request, or of the one that is under way
  Clock::time_point sent_;
  bool in_flight_ = false;
  bool closed_ = false;
  bool timed_out_ = false;
  boost::beast::flat_buffer buffer_;
  std::optional<boost::beast::http::response_parser<boost::beast::http::string_body>> parser_;
};

}  // namespace smc::bench
