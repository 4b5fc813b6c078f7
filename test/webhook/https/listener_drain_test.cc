// How the listener drains: whoever is being served or waits is served, and nobody keeps it from
// ending.
#include <chrono>
#include <future>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "test/webhook/https/running_listener.h"
#include "test/webhook/https/tls_client.h"

namespace smc::webhook {
namespace {

using namespace std::chrono_literals;

// Sends a request but for its last bytes, which are returned, and waits until it is in flight.
std::string begin_request(RunningListener& server, TlsClient& client) {
  const std::string request = post_request("0123456789");
  EXPECT_TRUE(client.handshake());
  client.send(request.substr(0, request.size() - 5));
  EXPECT_TRUE(server.metric_becomes("smc_webhook_requests_in_flight", 1));
  return request.substr(request.size() - 5);
}

TEST(Drain, FinishesTheRequestInFlightThenCloses) {
  RunningListener server;
  TlsClient client(server.port);
  const std::string rest = begin_request(server, client);
  server.listener.drain();
  std::this_thread::sleep_for(100ms);
  const auto answer = client.exchange(rest);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->fields.at("connection"), "close");
  EXPECT_TRUE(client.ended_within(kPatience));
  server.join();
}

TEST(Drain, ClosesIdleConnectionsInOrder) {
  RunningListener server;
  TlsClient client(server.port);
  ASSERT_TRUE(client.handshake());
  EXPECT_EQ(client.exchange(post_request("{}"))->status, 200);
  server.listener.drain();
  EXPECT_TRUE(client.ended_within(kPatience));
  EXPECT_TRUE(client.said_goodbye());
  server.join();
}

TEST(Drain, EmptiesTheBacklogBeforeItStopsListening) {
  std::promise<void> go_on;
  RunningListener server({}, [&go_on](std::string& body) {
    if (body == "wait") go_on.get_future().wait();
    return echo(body);
  });
  TlsClient busy(server.port);
  ASSERT_TRUE(busy.handshake());
  busy.send(post_request("wait"));
  ASSERT_TRUE(server.metric_becomes("smc_webhook_requests_in_flight", 1));
  // the listener's thread is held up, so that these wait in the backlog
  TlsClient waiting(server.port);
  TlsClient another(server.port);
  server.listener.drain();
  go_on.set_value();
  EXPECT_EQ(busy.answer()->status, 200);
  ASSERT_TRUE(waiting.handshake());
  EXPECT_TRUE(waiting.exchange(post_request("{}")));
  ASSERT_TRUE(another.handshake());
  EXPECT_TRUE(another.exchange(post_request("{}")));
  EXPECT_FALSE(TlsClient(server.port).handshake());
  server.join();
}

TEST(Drain, EndsAlthoughAClientTrickles) {
  Config::Server limits;
  limits.request_timeout = 500ms;
  RunningListener server(limits);
  TlsClient client(server.port);
  begin_request(server, client);
  server.listener.drain();
  server.join();  // or the test's own timeout
}

}  // namespace
}  // namespace smc::webhook
