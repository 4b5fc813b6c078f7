// Load over real sockets on loopback: what is counted, what a stalling server does to latencies,
// and how faults of the server are told apart.
#include "bench/load.h"

#include <array>
#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/echo_server.h"
#include "test/kube/raw_server.h"

namespace smc::bench {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::IsEmpty;

class Echo {
 public:
  Echo()
      : server_(1), address_(*server_.bind({"127.0.0.1", 0})), thread_([this] { server_.run(); }) {}
  ~Echo() {
    server_.stop();
    thread_.join();
  }
  std::uint16_t port() const { return address_.port; }

 private:
  EchoServer server_;
  HostPort address_;
  std::thread thread_;
};

LoadOptions options_for(std::uint16_t port) {
  LoadOptions out;
  out.url = {{"127.0.0.1", port}, "/echo"};
  out.rate = 200;
  out.duration = milliseconds(500);
  out.warm_up = milliseconds(100);
  out.connections = 4;
  out.payload = 16;
  return out;
}

LoadCounts load(const LoadOptions& options, const LoadHooks& hooks = {}) {
  OpenPorts ports;
  auto counts = run_load(options, ports, hooks);
  EXPECT_TRUE(counts) << counts.error().what;
  EXPECT_THAT(ports.now(), IsEmpty()) << "all connections are closed again";
  return counts ? std::move(*counts) : LoadCounts{};
}

TEST(Load, SendsAtTheRateThatWasAskedFor) {
  const Echo server;
  const LoadCounts counts = load(options_for(server.port()));
  EXPECT_THAT(counts.errors, IsEmpty());
  EXPECT_GT(counts.requests, 60u);
  EXPECT_LE(counts.requests, 110u) << "0.5 s at 200 a second; never more";
  EXPECT_EQ(counts.latency.count(), counts.requests);
  ASSERT_EQ(counts.course.size(), 1u);
  EXPECT_EQ(counts.course.front().requests, counts.requests);
}

TEST(Load, WithoutALimitSendsAsMuchAsIsAnswered) {
  const Echo server;
  LoadOptions options = options_for(server.port());
  options.rate = 0;
  options.threads = 2;
  EXPECT_GT(load(options).requests, 500u);
}

TEST(Load, ShowsThePortsOfItsConnectionsWhileItRuns) {
  const Echo server;
  LoadOptions options = options_for(server.port());
  OpenPorts ports;
  std::size_t open = 0;
  std::string address;
  LoadHooks hooks;
  hooks.measuring = [&] {
    open = ports.now().size();
    address = ports.address();
  };
  ASSERT_TRUE(run_load(options, ports, hooks));
  EXPECT_EQ(open, 4u);
  EXPECT_EQ(address, "127.0.0.1");
}

// Reads a request and answers it; false when the peer has gone.
bool serve_one(int connection, const std::string& answer) {
  std::array<char, 4096> request{};
  if (::read(connection, request.data(), request.size()) <= 0) return false;
  return ::send(connection, answer.data(), answer.size(), MSG_NOSIGNAL) > 0;
}

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

// A server that stands still for 300 ms makes all wait that would have come meanwhile. Counted from
// the sending, only the one request that was under way would show it.
TEST(Load, AServerThatStallsShowsInAllRequestsThatWereDueMeanwhile) {
  std::atomic<int> served = 0;
  const kube::RawServer server([&](int connection) {
    for (;;) {
      if (++served == 20) std::this_thread::sleep_for(milliseconds(300));
      if (!serve_one(connection, kOk)) return;
    }
  });
  LoadOptions options = options_for(server.port());
  options.connections = 1;
  options.warm_up = milliseconds(0);
  const LoadCounts counts = load(options);
  EXPECT_GT(counts.latency.percentile_ms(75), 50);
  EXPECT_LT(counts.service.percentile_ms(75), 50);
}

TEST(Load, AnswersOtherThan200AreErrorsByTheirStatus) {
  const kube::RawServer server([&](int connection) {
    while (serve_one(connection, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")) {
    }
  });
  const LoadCounts counts = load(options_for(server.port()));
  EXPECT_EQ(counts.requests, 0u);
  EXPECT_GT(counts.errors.at("status 503"), 0u);
}

TEST(Load, AConnectionThatTheServerEndsIsMadeAnew) {
  std::atomic<int> connections = 0;
  const kube::RawServer server([&](int connection) {
    ++connections;
    serve_one(connection, kOk);
    ::shutdown(connection, SHUT_RDWR);
  });
  LoadOptions options = options_for(server.port());
  options.connections = 1;
  options.duration = milliseconds(800);
  const LoadCounts counts = load(options);
  EXPECT_GT(connections, 2);
  EXPECT_GT(counts.requests, 1u);
  EXPECT_GT(counts.errors.at("reset"), 0u);
}

TEST(Load, WhatIsNoHttpIsSaid) {
  const kube::RawServer server([&](int connection) {
    while (serve_one(connection, "SSH-2.0-OpenSSH_9.2p1\r\n\r\n")) {
    }
  });
  EXPECT_GT(load(options_for(server.port())).errors.at("no HTTP"), 0u);
}

TEST(Load, AnAnswerThatDoesNotComeIsATimeout) {
  const kube::RawServer server([&](int connection) {
    std::array<char, 4096> request{};
    while (::read(connection, request.data(), request.size()) > 0) {
    }
  });
  LoadOptions options = options_for(server.port());
  options.timeout = milliseconds(150);
  const LoadCounts counts = load(options);
  EXPECT_EQ(counts.requests, 0u);
  EXPECT_GT(counts.errors.at("timeout"), 0u);
}

TEST(Load, WithoutAServerItDoesNotBegin) {
  OpenPorts ports;
  const auto counts = run_load(options_for(1), ports, {});
  ASSERT_FALSE(counts);
  EXPECT_THAT(counts.error().what,
              AllOf(HasSubstr("connect to 127.0.0.1:1"), HasSubstr("connection 1 of 4")));
}

TEST(Load, ANameThatIsNotKnownIsSaid) {
  LoadOptions options = options_for(1);
  options.url.address.host = "no-such-name.invalid";
  OpenPorts ports;
  const auto counts = run_load(options, ports, {});
  ASSERT_FALSE(counts);
  EXPECT_THAT(counts.error().what, HasSubstr("resolve no-such-name.invalid"));
}

TEST(Load, EndsEarlyWithWhatItHasWhenStopped) {
  const Echo server;
  LoadOptions options = options_for(server.port());
  options.duration = std::chrono::hours(1);
  LoadHooks hooks;
  int asked = 0;
  hooks.stopped = [&] { return ++asked > 5; };
  const LoadCounts counts = load(options, hooks);
  EXPECT_GT(counts.requests, 0u);
  EXPECT_LT(counts.measured, std::chrono::minutes(1));
  EXPECT_EQ(counts.course.size(), 1u);
}

TEST(Load, StoppedBeforeTheMeasuredPartHasNoResult) {
  const Echo server;
  LoadOptions options = options_for(server.port());
  options.warm_up = std::chrono::hours(1);
  LoadHooks hooks;
  hooks.stopped = [] { return true; };
  OpenPorts ports;
  const auto counts = run_load(options, ports, hooks);
  ASSERT_FALSE(counts);
  EXPECT_THAT(counts.error().what, HasSubstr("before anything was measured"));
}

}  // namespace
}  // namespace smc::bench
