// Nobody holds the listener up: total deadlines, and caps on connections and on body bytes.
#include <chrono>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "test/webhook/https/running_listener.h"
#include "test/webhook/https/tls_client.h"

namespace smc::webhook {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

std::string cut(const std::string& reason) {
  return "smc_webhook_cut_connections_total{reason=\"" + reason + "\"}";
}

Config::Server limits(std::chrono::milliseconds request, std::chrono::milliseconds idle = 120s) {
  Config::Server limits;
  limits.request_timeout = request;
  limits.idle_timeout = idle;
  return limits;
}

// Sends the first bytes of `raw` one by one until the server has gone; how long that took.
Clock::duration trickle(TlsClient& client, const std::string& raw) {
  const auto begin = Clock::now();
  for (std::size_t at = 0; at < raw.size() && Clock::now() - begin < kPatience; ++at) {
    if (!client.send_raw(raw.substr(at, 1)) || client.ended_within(20ms)) break;
  }
  return Clock::now() - begin;
}

struct Stage {
  const char* name;
  const char* reason;
  bool handshake;     // done before the trickle
  std::string plain;  // sent whole before the trickle
  std::function<std::string(TlsClient&)> raw;
};

void PrintTo(const Stage& stage, std::ostream* out) {
  *out << stage.name;
}

std::string sealed_bytewise(TlsClient& client) {
  std::string raw;
  for (int i = 0; i < 1000; ++i) raw += client.seal("x");
  return raw;
}

const std::string kBodyHead =
    "POST /mutate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    "Content-Length: 100000\r\n\r\n";

class Trickle : public testing::TestWithParam<Stage> {};

TEST_P(Trickle, IsCutOffByATotalDeadline) {
  RunningListener server(limits(500ms));
  TlsClient client(server.port);
  if (GetParam().handshake) {
    ASSERT_TRUE(client.handshake());
  }
  if (!GetParam().plain.empty()) client.send(GetParam().plain);
  const auto took = trickle(client, GetParam().raw(client));
  EXPECT_GE(took, 490ms);
  EXPECT_LT(took, kPatience);
  EXPECT_TRUE(server.metric_becomes(cut(GetParam().reason), 1));
}

TEST_P(Trickle, SixtyFourOfThemDoNotDelayAGoodRequest) {
  RunningListener server(limits(5s));
  std::vector<TlsClient> clients;
  for (int i = 0; i < 64; ++i) {
    TlsClient& client = clients.emplace_back(server.port);
    if (GetParam().handshake) {
      ASSERT_TRUE(client.handshake());
    }
    if (!GetParam().plain.empty()) client.send(GetParam().plain);
    client.send_raw(GetParam().raw(client).substr(0, 10));
  }
  TlsClient good(server.port);
  const auto begin = Clock::now();
  ASSERT_TRUE(good.handshake());
  EXPECT_EQ(good.exchange(post_request("{}"))->status, 200);
  // a tenth of a second on a quiet machine (make bench); here: before any of them is cut off
  EXPECT_LT(Clock::now() - begin, 2s);
  for (TlsClient& client : clients) EXPECT_FALSE(client.ended_within(1ms));
}

INSTANTIATE_TEST_SUITE_P(
    EachPhase, Trickle,
    testing::Values(
        Stage{"Handshake", "handshake_timeout", false, "",
              [](TlsClient& client) { return client.client_hello(); }},
        Stage{"Header", "header_timeout", true, "POST /mutate HTTP/1.1\r\nX: ", sealed_bytewise},
        Stage{"OneRecordOfTheHeader", "header_timeout", true, "",
              [](TlsClient& client) { return client.seal(post_request(std::string(2000, 'x'))); }},
        Stage{"Body", "body_timeout", true, kBodyHead, sealed_bytewise}),
    [](const testing::TestParamInfo<Stage>& stage) { return stage.param.name; });

TEST(Deadline, AReaderThatDoesNotReadItsAnswersIsCutOff) {
  RunningListener server(limits(500ms), [](std::string&) {
    return http::Reply{200, std::string(4 << 20, ' '), nullptr};
  });
  TlsClient client(server.port, {.receive_buffer = 4096});
  ASSERT_TRUE(client.handshake());
  // eight answers of 4 MiB are more than the kernel's buffers hold
  for (int i = 0; i < 8; ++i) client.send(post_request("{}"));
  EXPECT_TRUE(server.metric_becomes(cut("answer_timeout"), 1));
  EXPECT_TRUE(server.metric_becomes("smc_webhook_connections", 0));
}

TEST(Deadline, AnIdleConnectionIsClosedInOrderAfterTheIdleTimeout) {
  RunningListener server(limits(10s, 300ms));
  TlsClient client(server.port);
  ASSERT_TRUE(client.handshake());
  EXPECT_EQ(client.exchange(post_request("{}"))->status, 200);
  EXPECT_TRUE(client.ended_within(kPatience));
  EXPECT_TRUE(client.said_goodbye());
  for (const char* reason : {"header_timeout", "disconnect"})
    EXPECT_EQ(server.metric(cut(reason)), 0) << reason;
}

TEST(Deadline, TheIdleTimeoutIsNotTheRequestTimeout) {
  RunningListener server(limits(200ms, 120s));
  TlsClient client(server.port);
  ASSERT_TRUE(client.handshake());
  EXPECT_EQ(client.exchange(post_request("{}"))->status, 200);
  EXPECT_FALSE(client.ended_within(700ms));
  EXPECT_EQ(client.exchange(post_request("{}"))->status, 200);
}

TEST(Deadline, WhoHasHadNoRequestIsClosedInOrderAfterTheRequestTimeout) {
  RunningListener server(limits(300ms, 120s));
  TlsClient client(server.port);
  ASSERT_TRUE(client.handshake());
  EXPECT_TRUE(client.ended_within(kPatience));
  EXPECT_TRUE(client.said_goodbye());
}

TEST(Deadline, NewLimitsHoldFromTheNextPhaseOn) {
  RunningListener server(limits(10s, 120s));
  server.listener.replace(limits(10s, 200ms));
  TlsClient client(server.port);
  ASSERT_TRUE(client.handshake());
  EXPECT_TRUE(client.ended_within(kPatience));
}

TEST(Disconnect, InTheMiddleOfARequestIsCounted) {
  RunningListener server;
  {
    TlsClient client(server.port);
    ASSERT_TRUE(client.handshake());
    client.send("POST /mutate HT");
  }
  EXPECT_TRUE(server.metric_becomes(cut("disconnect"), 1));
  EXPECT_TRUE(server.metric_becomes("smc_webhook_connections", 0));
}

Config::Server places(std::size_t count) {
  Config::Server limits;
  limits.max_connections = count;
  return limits;
}

// Connected, and has had a request answered.
TlsClient proven(std::uint16_t port, const char* source = "127.0.0.1") {
  TlsClient client(port, {.source = source});
  EXPECT_TRUE(client.handshake());
  EXPECT_EQ(client.exchange(post_request("{}"))->status, 200);
  return client;
}

// The status of a request on a connection of its own, 0 where there is no answer.
int status_of_another(std::uint16_t port, const char* source = "127.0.0.1") {
  TlsClient client(port, {.source = source});
  if (!client.handshake()) return 0;
  const auto answer = client.exchange(post_request("{}"));
  return answer ? answer->status : 0;
}

TEST(ConnectionCap, WhoIsOverItIsTold503AndThePlaceComesFreeAgain) {
  RunningListener server(places(2));
  {
    TlsClient first = proven(server.port);
    TlsClient second = proven(server.port);
    TlsClient third(server.port);
    ASSERT_TRUE(third.handshake());
    const auto answer = third.exchange(post_request("{}"));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 503);
    EXPECT_EQ(answer->fields.at("retry-after"), "1");
    EXPECT_TRUE(third.ended_within(kPatience));
    EXPECT_EQ(first.exchange(post_request("{}"))->status, 200);
    EXPECT_EQ(second.exchange(post_request("{}"))->status, 200);
  }
  ASSERT_TRUE(server.metric_becomes("smc_webhook_connections", 0));
  EXPECT_EQ(status_of_another(server.port), 200);
}

TEST(ConnectionCap, TheOldestWithoutARequestGivesWay) {
  RunningListener server(places(3));
  TlsClient kept = proven(server.port);
  TlsClient silent(server.port);
  ASSERT_TRUE(server.metric_becomes("smc_webhook_connections", 2));
  TlsClient idle(server.port);
  ASSERT_TRUE(idle.handshake());
  TlsClient good = proven(server.port);
  EXPECT_TRUE(silent.ended_within(kPatience));
  EXPECT_EQ(server.metric(cut("gave_way")), 1);
  EXPECT_EQ(status_of_another(server.port), 200);
  EXPECT_TRUE(idle.ended_within(kPatience));
  EXPECT_EQ(server.metric(cut("gave_way")), 2);
  EXPECT_EQ(kept.exchange(post_request("{}"))->status, 200);
  EXPECT_EQ(good.exchange(post_request("{}"))->status, 200);
}

TEST(ConnectionCap, SilentOnesCannotFillTheBacklog) {
  RunningListener server(places(1));
  std::vector<TlsClient> silent;
  for (int i = 0; i < 300; ++i) silent.emplace_back(server.port);
  EXPECT_EQ(status_of_another(server.port), 200);
}

TEST(ConnectionCap, SilentOnesBesideAFullHouseCannotFillTheBacklogEither) {
  RunningListener server(places(1));
  const TlsClient kept = proven(server.port);
  std::vector<TlsClient> silent;
  for (int i = 0; i < 300; ++i) silent.emplace_back(server.port);
  EXPECT_EQ(status_of_another(server.port), 503);
}

TEST(ConnectionCap, AnAddressWithMoreThanHalfOfThePlacesGivesWayToOthers) {
  RunningListener server(places(4));
  std::vector<TlsClient> many;
  for (int i = 0; i < 4; ++i) many.push_back(proven(server.port, "127.0.0.2"));
  EXPECT_EQ(status_of_another(server.port, "127.0.0.2"), 503);
  ASSERT_TRUE(server.metric_becomes("smc_webhook_connections", 4));
  TlsClient other = proven(server.port, "127.0.0.3");
  EXPECT_TRUE(many[0].ended_within(kPatience)) << "the first of those that are idle";
  TlsClient another = proven(server.port, "127.0.0.4");
  EXPECT_TRUE(many[1].ended_within(kPatience));
  // now it has its half, and keeps it
  EXPECT_EQ(status_of_another(server.port, "127.0.0.5"), 503);
  for (TlsClient* client : {&many[2], &many[3], &other, &another})
    EXPECT_EQ(client->exchange(post_request("{}"))->status, 200);
}

constexpr std::size_t kMebibyte = 1 << 20;

TEST(HeaderBytes, OfClientsThatNeverEndThemMakeRoomForOthers) {
  RunningListener server({}, echo, tls_of(new_serving_pair()), kMebibyte);
  std::vector<TlsClient> clients;
  for (int i = 0; i < 64; ++i) {
    TlsClient& client = clients.emplace_back(server.port);
    ASSERT_TRUE(client.handshake());
    client.send("POST /mutate HTTP/1.1\r\nX: " + std::string(60'000, 'x'));
    EXPECT_EQ(status_of_another(server.port), 200);
  }
  EXPECT_GE(server.metric(cut("gave_way")), 64 - 20);
}

TEST(HeaderBytes, OfClientsThatHadARequestMakeRoomToo) {
  RunningListener server({}, echo, tls_of(new_serving_pair()), kMebibyte);
  std::vector<TlsClient> clients;
  for (int i = 0; i < 40; ++i) {
    clients.push_back(proven(server.port));
    clients.back().send("POST /mutate HTTP/1.1\r\nX: " + std::string(60'000, 'x'));
  }
  EXPECT_EQ(status_of_another(server.port), 200);
}

TEST(HeaderBytes, ThatNobodyMakesRoomForAreRefused) {
  RunningListener server({}, echo, tls_of(new_serving_pair()), 40'000);
  TlsClient client(server.port);
  ASSERT_TRUE(client.handshake());
  const auto answer = client.exchange("POST /mutate HTTP/1.1\r\nX: " + std::string(50'000, 'x'));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 503);
  EXPECT_TRUE(client.ended_within(kPatience));
}

TEST(HandshakeBytes, ThatNobodyMakesRoomForEndTheConnection) {
  RunningListener server({}, echo, tls_of(new_serving_pair()), 1000);
  TlsClient client(server.port);
  EXPECT_FALSE(client.handshake());
  EXPECT_TRUE(server.metric_becomes(cut("unserved"), 1));
}

TEST(BodyBytes, AreLimitedInTheSumOverAllConnections) {
  RunningListener server;
  const std::string head =
      "POST /mutate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
      "Content-Length: 7340032\r\n\r\n";
  std::vector<TlsClient> clients;
  // nine times 7 MiB but for a byte
  for (int i = 0; i < 9; ++i) {
    TlsClient& client = clients.emplace_back(server.port);
    ASSERT_TRUE(client.handshake());
    client.send(head + std::string(7340031, 'x'));
  }
  TlsClient over(server.port);
  ASSERT_TRUE(over.handshake());
  const auto answer = over.exchange(head);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 503);
  TlsClient small(server.port);
  ASSERT_TRUE(small.handshake());
  EXPECT_EQ(small.exchange(post_request("{}"))->status, 200);
  for (TlsClient& client : clients) EXPECT_EQ(client.exchange("x")->status, 200);
}

TEST(BodyBytes, ThatAreAnnouncedAndNotSentTakeNothingFromOthers) {
  RunningListener server;
  std::vector<TlsClient> clients;
  for (int i = 0; i < 20; ++i) {
    TlsClient& client = clients.emplace_back(server.port);
    ASSERT_TRUE(client.handshake());
    client.send(
        "POST /mutate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        "Content-Length: 7340032\r\n\r\nx");
  }
  TlsClient client(server.port);
  ASSERT_TRUE(client.handshake());
  EXPECT_EQ(client.exchange(post_request(std::string(7340032, 'x')))->status, 200);
}

TEST(ManyConnections, ABurstOf400IsServed) {
  RunningListener server;
  std::vector<TlsClient> clients;
  for (int i = 0; i < 400; ++i) clients.emplace_back(server.port);
  for (TlsClient& client : clients) client.send_raw(client.client_hello());
  for (TlsClient& client : clients) {
    ASSERT_TRUE(client.handshake());
    client.send(post_request("{}"));
  }
  for (TlsClient& client : clients) EXPECT_EQ(client.answer()->status, 200);
}

TEST(ManyConnections, BesideAThousandIdleOnesANewOneIsServed) {
  RunningListener server;
  std::vector<TlsClient> idle;
  for (int i = 0; i < 1000; ++i) {
    idle.push_back(proven(server.port));
  }
  TlsClient client = proven(server.port);
  EXPECT_EQ(server.metric("smc_webhook_connections"), 1001);
  EXPECT_EQ(idle.front().exchange(post_request("{}"))->status, 200);
}

}  // namespace
}  // namespace smc::webhook
