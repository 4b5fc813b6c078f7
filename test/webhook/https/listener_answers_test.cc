// The listener's answers over real TLS: each row of the design's table, and what comes after an
// answer on the same connection.
#include <new>
#include <ostream>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "test/webhook/https/running_listener.h"
#include "test/webhook/https/tls_client.h"

namespace smc::webhook {
namespace {

std::string refused(const char* reason) {
  return std::string("smc_webhook_refused_requests_total{reason=\"") + reason + "\"}";
}

class Answers : public testing::Test {
 protected:
  TlsClient connected() {
    TlsClient client(server_.port, {.authority = test_authority().certificate_pem});
    EXPECT_TRUE(client.handshake());
    return client;
  }

  static Config::Server limits() {
    Config::Server limits;
    limits.max_body_bytes = 100'000;
    return limits;
  }
  static http::Reply handle(std::string& body) {
    if (body == "unreadable") return {400, "no uid\n", nullptr};
    if (body == "memory") throw std::bad_alloc();
    if (body == "parser memory") return {503, "no memory\n", nullptr};
    if (body == "bug") throw std::logic_error("a bug");
    return {200, body, nullptr};
  }

  RunningListener server_{limits(), handle};
};

TEST_F(Answers, ABodyIsHandedOverAndTheReplySent) {
  TlsClient client = connected();
  const auto answer = client.exchange(post_request("{\"a\":1}"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "{\"a\":1}");
  EXPECT_EQ(answer->fields.at("content-type"), "application/json");
  EXPECT_EQ(answer->fields.at("date").size(), 29u);
  EXPECT_FALSE(answer->fields.contains("connection"));
}

TEST_F(Answers, ABodyInManyRecordsIsHandedOverWhole) {
  const std::string body(100'000, 'x');
  TlsClient client = connected();
  const std::string request = post_request(body);
  for (std::size_t at = 0; at < request.size(); at += 997) client.send(request.substr(at, 997));
  const auto answer = client.answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, body);
}

TEST_F(Answers, AConnectionServesRequestAfterRequest) {
  TlsClient client = connected();
  for (int i = 0; i < 50; ++i) {
    const auto answer = client.exchange(post_request(std::to_string(i)));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body, std::to_string(i));
  }
}

TEST_F(Answers, PipelinedRequestsAreAnsweredInOrder) {
  TlsClient client = connected();
  client.send(post_request("one") + post_request("two") + "\r\n" + post_request("three"));
  for (const std::string body : {"one", "two", "three"}) {
    const auto answer = client.answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body, body);
  }
}

TEST_F(Answers, ConnectionCloseIsHeeded) {
  TlsClient client = connected();
  const auto answer = client.exchange(post_request("x", "Connection: close\r\n"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->fields.at("connection"), "close");
  EXPECT_TRUE(client.ended_within(kPatience));
  EXPECT_TRUE(client.said_goodbye());
}

TEST_F(Answers, Expect100ContinueIsAnsweredBeforeTheBody) {
  TlsClient client = connected();
  const std::string request = post_request("0123456789", "Expect: 100-continue\r\n");
  const auto interim = client.exchange(request.substr(0, request.size() - 10));
  ASSERT_TRUE(interim);
  EXPECT_EQ(interim->status, 100);
  const auto answer = client.exchange("0123456789");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
}

TEST_F(Answers, Expect100ContinueOfARefusedRequestGetsTheRefusal) {
  TlsClient client = connected();
  const auto answer = client.exchange(
      "POST /mutate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
      "Content-Length: 999999\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 413);
}

struct Row {
  const char* what;
  std::string request;
  int status;
  const char* reason;
};

void PrintTo(const Row& row, std::ostream* out) {
  *out << row.what;
}

class RefusedByHeader : public Answers, public testing::WithParamInterface<Row> {};

// The client sends its whole body, as clients do, and must still get the answer: closing with
// unread data would reset the connection.
TEST_P(RefusedByHeader, GetsItsAnswerAndTheConnectionIsClosed) {
  TlsClient client = connected();
  client.send(GetParam().request + std::string(300'000, 'x'));
  const auto answer = client.answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, GetParam().status);
  EXPECT_EQ(answer->fields.at("connection"), "close");
  EXPECT_EQ(answer->fields.contains("allow"), GetParam().status == 405);
  EXPECT_TRUE(client.ended_within(kPatience));
  EXPECT_TRUE(server_.metric_becomes(refused(GetParam().reason), 1));
}

const std::string kLength = "Content-Length: 300000\r\n\r\n";
const std::string kJson = "Host: a\r\nContent-Type: application/json\r\n";

INSTANTIATE_TEST_SUITE_P(
    EachRow, RefusedByHeader,
    testing::Values(
        Row{"Path", "POST /validate HTTP/1.1\r\n" + kJson + kLength, 404, "path"},
        Row{"Method", "PUT /mutate HTTP/1.1\r\n" + kJson + kLength, 405, "method"},
        Row{"ContentType",
            "POST /mutate HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n" + kLength, 415,
            "content_type"},
        Row{"ContentEncoding",
            "POST /mutate HTTP/1.1\r\nContent-Encoding: gzip\r\n" + kJson + kLength, 415,
            "content_encoding"},
        Row{"TransferEncoding",
            "POST /mutate HTTP/1.1\r\n" + kJson + "Transfer-Encoding: identity\r\n\r\n", 411,
            "transfer_encoding"},
        Row{"NoLength", "POST /mutate HTTP/1.1\r\n" + kJson + "\r\n", 411, "length_required"},
        Row{"BadLength", "POST /mutate HTTP/1.1\r\n" + kJson + "Content-Length: 5x\r\n\r\n", 400,
            "malformed"},
        Row{"BodyTooLarge", "POST /mutate HTTP/1.1\r\n" + kJson + kLength, 413, "body_too_large"},
        Row{"HeaderTooLarge",
            "POST /mutate HTTP/1.1\r\nX: " + std::string(65536, 'x') + "\r\n" + kJson + kLength,
            431, "header_too_large"},
        Row{"EndlessHeader", "POST /mutate HTTP/1.1\r\nX: ", 431, "header_too_large"},
        Row{"Version", "POST /mutate HTTP/2.0\r\n" + kJson + kLength, 505, "version"},
        Row{"NoHost", "POST /mutate HTTP/1.1\r\nContent-Type: application/json\r\n" + kLength, 400,
            "host"},
        Row{"Folded", "POST /mutate HTTP/1.1\r\nX: a\r\n b\r\n" + kJson + kLength, 400,
            "malformed"},
        Row{"NotHttp", "SSH-2.0-OpenSSH_9.2\r\n\r\n", 400, "malformed"}),
    [](const testing::TestParamInfo<Row>& row) { return row.param.what; });

TEST_F(Answers, ARefusalWithoutABodyKeepsTheConnection) {
  TlsClient client = connected();
  const auto refusal = client.exchange("GET /mutate HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->status, 405);
  const auto answer = client.exchange(post_request("next"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "next");
}

TEST_F(Answers, HeadGetsNoBodyAndTheNextRequestItsOwn) {
  TlsClient client = connected();
  client.send("HEAD /mutate HTTP/1.1\r\nHost: a\r\n\r\n" + post_request("next"));
  const auto refusal = client.answer(false);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->status, 405);
  EXPECT_EQ(client.answer()->body, "next");
}

TEST_F(Answers, AReviewThatCannotBeReadIs400AndTheConnectionStays) {
  TlsClient client = connected();
  const auto answer = client.exchange(post_request("unreadable"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 400);
  EXPECT_EQ(answer->body, "no uid\n");
  EXPECT_EQ(client.exchange(post_request("next"))->status, 200);
}

TEST_F(Answers, MissingMemoryIs503WithRetryAfter) {
  TlsClient client = connected();
  for (const char* body : {"memory", "parser memory"}) {
    const auto answer = client.exchange(post_request(body));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 503);
    EXPECT_EQ(answer->fields.at("retry-after"), "1");
  }
  EXPECT_EQ(server_.metric(refused("memory")), 1) << "the second is the handler's to count";
}

TEST_F(Answers, OurOwnErrorIs500CountedAndSaysNothingOfItself) {
  TlsClient client = connected();
  const auto answer = client.exchange(post_request("bug"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 500);
  EXPECT_EQ(answer->body, "internal error\n");
  EXPECT_EQ(server_.metric(refused("internal")), 1);
  EXPECT_EQ(client.exchange(post_request("next"))->status, 200);
}

TEST_F(Answers, GaugesReturnToZero) {
  {
    TlsClient client = connected();
    EXPECT_TRUE(client.exchange(post_request("x")));
    EXPECT_EQ(server_.metric("smc_webhook_connections"), 1);
  }
  EXPECT_TRUE(server_.metric_becomes("smc_webhook_connections", 0));
  EXPECT_EQ(server_.metric("smc_webhook_requests_in_flight"), 0);
}

}  // namespace
}  // namespace smc::webhook
