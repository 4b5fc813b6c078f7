// What holds whatever the peer does: one limit for a whole exchange, a limit to what is no body,
// and an end at once when the caller stops.
#include <array>
#include <atomic>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "test/kube/fake_api.h"
#include "test/kube/raw_server.h"
#include "test/kube/targets.h"

namespace smc::kube {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::AnyOf;
using testing::HasSubstr;

// Until the peer closes; what it said.
std::string read_to_end(int connection) {
  std::string all;
  std::array<char, 4096> part{};
  for (ssize_t n = 0; (n = ::read(connection, part.data(), part.size())) > 0;)
    all.append(part.data(), static_cast<std::size_t>(n));
  return all;
}

bool say(int connection, const std::string& text) {
  return ::send(connection, text.data(), text.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(text.size());
}

ApiError error_of(const std::shared_ptr<Cluster>& cluster, const ClientOptions& options) {
  const Stop stop;
  const auto got = Client(cluster, stop, options).get(kOne);
  EXPECT_FALSE(got);
  return got ? ApiError{} : got.error();
}

TEST(Connection, HeadersWithoutAnEndAreGivenUpLongBeforeTheTimeIsOver) {
  std::atomic<std::size_t> sent = 0;
  const RawServer server([&](int connection) {
    if (!say(connection, "HTTP/1.1 200 OK\r\n")) return;
    while (say(connection, "x-more: " + std::string(1000, 'x') + "\r\n")) sent += 1010;
  });
  const auto began = steady_clock::now();
  const ApiError error = error_of(server.cluster(), client_options());
  // Newer versions of cpp-httplib give up after a hundred headers by themselves and shut the socket
  // down. Bytes that still come then reset it, as a reset by the server would.
  EXPECT_THAT(error.what, AnyOf(HasSubstr("headers are too large"),
                                HasSubstr("the connection was closed or reset by peer")));
  EXPECT_LT(steady_clock::now() - began, seconds(10));
}

TEST(Connection, AChunkSizeWithoutAnEndIsGivenUpToo) {
  const RawServer server([&](int connection) {
    say(connection, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;");
    while (say(connection, std::string(1000, 'x'))) {
    }
  });
  // Newer versions of cpp-httplib end such a line themselves, and a connection on which bytes still
  // come looks as if the server had reset it.
  EXPECT_THAT(error_of(server.cluster(), client_options()).what,
              AnyOf(HasSubstr("headers are too large"),
                    HasSubstr("the connection ended before the answer did")));
}

TEST(Connection, ABodyOfMegabytesIsNoHeader) {
  FakeApi api([](const ApiRequest&, ApiResponse& response) {
    answer(response, 200, "{\"a\":\"" + std::string(8 << 20, 'x') + "\"}");
  });
  const Stop stop;
  EXPECT_TRUE(Client(api.cluster(), stop, client_options()).get(kOne));
}

TEST(Connection, WhatIsNoHttpIsNamed) {
  const RawServer server([](int connection) {
    say(connection, "SSH-2.0-OpenSSH_9.2p1\r\n");
    read_to_end(connection);  // a request that nobody read would make the close a reset
  });
  const ApiError error = error_of(server.cluster(), client_options());
  EXPECT_THAT(error.what, HasSubstr("no HTTP"));
  EXPECT_THAT(error.hint, HasSubstr("an API server"));
}

TEST(Connection, AHandshakeThatGetsNoAnswerEndsWithTheTimeToConnect) {
  const RawServer server([](int connection) { read_to_end(connection); });
  ClientOptions quick = client_options();
  quick.connect_timeout = milliseconds(100);
  const ApiError error = error_of(server.cluster(true), quick);
  EXPECT_EQ(error.failure, Failure::kTls);
  EXPECT_THAT(error.what, HasSubstr("no answer in time"));
}

TEST(Connection, AHandshakeThatTricklesEndsWithTheTimeToConnect) {
  const RawServer server([](int connection) {
    // The start of a TLS record of 16 KiB, a byte at a time.
    if (!say(connection, std::string("\x16\x03\x03\x3f\xff", 5))) return;
    while (say(connection, "x")) std::this_thread::sleep_for(milliseconds(5));
  });
  ClientOptions quick = client_options();
  quick.connect_timeout = milliseconds(200);
  EXPECT_EQ(error_of(server.cluster(true), quick).failure, Failure::kTls);
}

TEST(Connection, StopEndsAHandshakeAtOnce) {
  const RawServer server([](int connection) { read_to_end(connection); });
  Stop stop;
  Client client(server.cluster(true), stop, client_options());
  std::thread stopper([&] {
    std::this_thread::sleep_for(milliseconds(50));
    stop.request();
  });
  const auto began = steady_clock::now();
  EXPECT_TRUE(client.get(kOne).error().stopped());
  stopper.join();
  EXPECT_LT(steady_clock::now() - began, seconds(1));
}

// The request that finds the connection closed would be lost: a POST must not be sent twice.
TEST(Connection, OneThatTheServerClosedWhileItWasIdleIsNotUsedAgain) {
  std::atomic<int> connections = 0;
  const RawServer server([&](int connection) {
    ++connections;
    std::array<char, 4096> request{};
    if (::read(connection, request.data(), request.size()) <= 0) return;
    say(connection, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
  });
  const Stop stop;
  Client client(server.cluster(), stop, client_options());
  for (int i = 0; i < 3; ++i) {
    const auto got = client.get(kOne);
    EXPECT_TRUE(got) << got.error().what;
    std::this_thread::sleep_for(milliseconds(20));
  }
  EXPECT_EQ(connections, 3);
}

TEST(Connection, AnAnswerWithoutContentIsOne) {
  const RawServer server([&](int connection) {
    std::array<char, 4096> request{};
    if (::read(connection, request.data(), request.size()) <= 0) return;
    say(connection, "HTTP/1.1 204 No Content\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n");
    read_to_end(connection);
  });
  const Stop stop;
  Client client(server.cluster(), stop, client_options());
  EXPECT_THAT(client.get(kOne).error().what, HasSubstr("no JSON object"));
  EXPECT_TRUE(client.server_now()) << "its head was seen";
}

// "localhost" is ::1 and 127.0.0.1 on most machines; the fake listens on the second alone.
TEST(Connection, EachAddressOfANameIsTried) {
  FakeApi api([](const ApiRequest& request, ApiResponse& response) {
    EXPECT_THAT(request.header("Host"), HasSubstr("localhost:"));
    answer(response, 200, "{}");
  });
  const auto cluster = api.cluster();
  cluster->host = "localhost";
  const Stop stop;
  const auto got = Client(cluster, stop, client_options()).get(kOne);
  EXPECT_TRUE(got) << got.error().what;
}

TEST(Connection, AWatchThatStaysSilentIsGivenUpAfterItsOwnTime) {
  FakeApi api([](const ApiRequest&, ApiResponse& response) {
    stream(response, {watch_line("ADDED", "1")}, Ending::kHeld);
  });
  ClientOptions quick = client_options();
  quick.request_timeout = milliseconds(50);  // is for the head alone
  Stop stop;
  Client client(api.cluster(), stop, quick);
  std::thread stopper([&] {
    std::this_thread::sleep_for(milliseconds(300));
    stop.request();
  });
  WatchRequest request;
  request.on_event = [](const WatchEvent&) {};
  EXPECT_TRUE(client.watch({kSecrets, "ns", "", ""}, request).error().stopped())
      << "and not its request's time";
  stopper.join();
}

}  // namespace
}  // namespace smc::kube
