// What a header block means to a server with the admission listener's route: one case for each row
// of the design's table of answers that the header alone decides, and for what Beast's parser would
// let through.
#include "http/rules.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace smc::http {
namespace {

constexpr std::size_t kMaxBody = 1000;

const std::vector<Route> kRoutes = {{"/mutate", "POST", "application/json", "", {}},
                                    {"/healthz", "GET", "", "", {}}};

RequestHead read_head(const std::string& block, std::size_t max_body_bytes) {
  return read_head(block, kRoutes, max_body_bytes);
}

// A POST that is taken, with `fields` in place of the usual ones where given.
std::string post(const std::string& fields, const std::string& line = "POST /mutate HTTP/1.1") {
  return line + "\r\n" + fields + "\r\n";
}
const std::string kHost = "Host: webhook.svc\r\n";
const std::string kType = "Content-Type: application/json\r\n";
const std::string kLength = "Content-Length: 10\r\n";
const std::string kUsual = kHost + kType + kLength;

Refusal refusal_of(const std::string& block) {
  return read_head(block, kMaxBody).refusal;
}

TEST(ReadHead, TakesWhatTheApiServerSends) {
  const RequestHead head = read_head(
      post("Host: smc-webhook.smc-system.svc:443\r\nUser-Agent: kube-apiserver-admission\r\n"
           "Content-Length: 1000\r\nAccept: application/json, */*\r\n"
           "Content-Type: application/json\r\nAccept-Encoding: gzip\r\n",
           "POST /mutate?timeout=5s HTTP/1.1"),
      kMaxBody);
  EXPECT_EQ(head.refusal, Refusal::kNone);
  EXPECT_EQ(head.content_length, 1000u);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_FALSE(head.expects_continue);
}

TEST(ReadHead, AnotherPathIs404) {
  for (const std::string path : {"/", "/mutate/", "/mutatex", "/MUTATE", "*", "/x?/mutate"})
    EXPECT_EQ(refusal_of(post(kUsual, "POST " + path + " HTTP/1.1")), Refusal::kPath) << path;
}

TEST(ReadHead, TheAbsoluteFormOfThePathIsThePath) {
  EXPECT_EQ(refusal_of(post(kUsual, "POST https://webhook.svc/mutate?x HTTP/1.1")), Refusal::kNone);
  EXPECT_EQ(refusal_of(post(kUsual, "POST https://webhook.svc HTTP/1.1")), Refusal::kPath);
}

TEST(ReadHead, AnotherMethodIs405) {
  for (const std::string method : {"GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW"})
    EXPECT_EQ(refusal_of(post(kUsual, method + " /mutate HTTP/1.1")), Refusal::kMethod) << method;
}

TEST(ReadHead, AnotherOrNoContentTypeIs415) {
  for (const std::string type :
       {"", "Content-Type: application/yaml\r\n", "Content-Type: application/json-patch+json\r\n",
        "Content-Type: application/\r\n"})
    EXPECT_EQ(refusal_of(post(kHost + kLength + type)), Refusal::kContentType) << type;
}

TEST(ReadHead, ContentTypeMayHaveParametersAndAnyCase) {
  for (const std::string type : {"Content-Type: application/json; charset=utf-8\r\n",
                                 "content-type: Application/JSON ;q=1\r\n"})
    EXPECT_EQ(refusal_of(post(kHost + kLength + type)), Refusal::kNone) << type;
}

TEST(ReadHead, ContentEncodingIs415) {
  EXPECT_EQ(refusal_of(post(kUsual + "Content-Encoding: gzip\r\n")), Refusal::kContentEncoding);
  EXPECT_EQ(refusal_of(post(kUsual + "Content-Encoding: identity\r\n")), Refusal::kContentEncoding);
}

TEST(ReadHead, TransferEncodingIs411WhateverItSays) {
  for (const std::string value : {"chunked", "identity", "gzip, chunked", "nonsense"}) {
    const std::string field = "Transfer-Encoding: " + value + "\r\n";
    EXPECT_EQ(refusal_of(post(kHost + kType + field)), Refusal::kTransferEncoding) << value;
    EXPECT_EQ(refusal_of(post(kUsual + field)), Refusal::kTransferEncoding) << value;
    EXPECT_EQ(refusal_of(post(field + kUsual)), Refusal::kTransferEncoding) << value;
  }
  EXPECT_EQ(refusal_of(post(kUsual + "TRANSFER-ENCODING:chunked\r\n")), Refusal::kTransferEncoding);
}

TEST(ReadHead, APostWithoutContentLengthIs411) {
  EXPECT_EQ(refusal_of(post(kHost + kType)), Refusal::kLengthRequired);
}

TEST(ReadHead, AnInvalidContentLengthIs400) {
  for (const std::string value :
       {"5x", "-1", "+5", "0x10", "", "5 5", "5, 6", "1e3", "99999999999999999999"})
    EXPECT_EQ(refusal_of(post(kHost + kType + "Content-Length: " + value + "\r\n")),
              Refusal::kMalformed)
        << value;
  EXPECT_EQ(refusal_of(post(kUsual + "Content-Length: 11\r\n")), Refusal::kMalformed);
}

TEST(ReadHead, TwoEqualContentLengthsAreFine) {
  EXPECT_EQ(refusal_of(post(kUsual + kLength)), Refusal::kNone);
}

TEST(ReadHead, ABodyOverTheLimitIs413FromItsLengthAlone) {
  EXPECT_EQ(refusal_of(post(kHost + kType + "Content-Length: 1000\r\n")), Refusal::kNone);
  EXPECT_EQ(refusal_of(post(kHost + kType + "Content-Length: 1001\r\n")), Refusal::kBodyTooLarge);
  EXPECT_EQ(refusal_of(post(kHost + kType + "Content-Length: 18446744073709551615\r\n")),
            Refusal::kBodyTooLarge);
}

TEST(ReadHead, Http11NeedsExactlyOneHost) {
  EXPECT_EQ(refusal_of(post(kType + kLength)), Refusal::kHost);
  EXPECT_EQ(refusal_of(post(kHost + kUsual)), Refusal::kHost);
}

TEST(ReadHead, Http10NeedsNoHostAndIsNotKeptAlive) {
  const RequestHead head =
      read_head(post(kType + kLength + "Connection: keep-alive\r\n", "POST /mutate HTTP/1.0"), 99);
  EXPECT_EQ(head.refusal, Refusal::kNone);
  EXPECT_FALSE(head.keep_alive);
}

TEST(ReadHead, AnotherVersionIs505) {
  for (const std::string version : {"HTTP/2.0", "HTTP/0.9", "HTTP/1.2"})
    EXPECT_EQ(refusal_of(post(kUsual, "POST /mutate " + version)), Refusal::kVersion) << version;
}

TEST(ReadHead, WhatIsNotHttpIs400) {
  for (const std::string& block :
       {std::string("\n\n"), std::string("garbage\r\n\r\n"), post(kUsual, "POST /mutate"),
        post(kUsual, "POST  /mutate HTTP/1.1"), post(kUsual + "Bad Name: x\r\n"),
        post(kUsual + "X : y\r\n"), post(kUsual + ": y\r\n"),
        post(kUsual + std::string("X: a\0b\r\n", 8)),
        std::string("POST /mutate HTTP/1.1\nHost: a\n\n")})
    EXPECT_NE(refusal_of(block), Refusal::kNone) << block;
}

TEST(ReadHead, AFoldedFieldIs400) {
  EXPECT_EQ(refusal_of(post(kUsual + "X: a\r\n b\r\n")), Refusal::kMalformed);
  EXPECT_EQ(refusal_of(post(kUsual + "X: a\r\n\tb\r\n")), Refusal::kMalformed);
}

TEST(ReadHead, OnlyExpect100ContinueIsKnown) {
  EXPECT_TRUE(read_head(post(kUsual + "Expect: 100-continue\r\n"), kMaxBody).expects_continue);
  EXPECT_EQ(refusal_of(post(kUsual + "Expect: 200-ok\r\n")), Refusal::kExpectation);
}

TEST(ReadHead, ARefusalKeepsTheConnectionOnlyWithoutABody) {
  EXPECT_FALSE(read_head(post(kUsual, "POST /x HTTP/1.1"), kMaxBody).keep_alive);
  EXPECT_TRUE(read_head(post(kHost, "GET /x HTTP/1.1"), kMaxBody).keep_alive);
  EXPECT_FALSE(read_head(post(kHost + "Connection: close\r\n", "GET / HTTP/1.1"), 9).keep_alive);
}

TEST(ReadHead, ATransferEncodingOrAMissingLengthNeverKeepsTheConnection) {
  EXPECT_FALSE(read_head(post(kHost + kType), kMaxBody).keep_alive);
  EXPECT_FALSE(read_head(post(kUsual + "Transfer-Encoding: identity\r\n"), kMaxBody).keep_alive);
}

TEST(ReadHead, AGetTakesHeadAlongAndNoBody) {
  for (const std::string method : {"GET", "HEAD"})
    EXPECT_EQ(refusal_of(post(kHost, method + " /healthz?verbose HTTP/1.1")), Refusal::kNone);
  EXPECT_TRUE(read_head(post(kHost, "HEAD /healthz HTTP/1.1"), kMaxBody).head_method);
  EXPECT_EQ(refusal_of(post(kHost + "Content-Length: 0\r\n", "GET /healthz HTTP/1.1")),
            Refusal::kNone);
  EXPECT_EQ(refusal_of(post(kHost + kLength, "GET /healthz HTTP/1.1")), Refusal::kBodyTooLarge);
  EXPECT_EQ(refusal_of(post(kUsual, "POST /healthz HTTP/1.1")), Refusal::kMethod);
}

TEST(ReadHead, NamesTheRouteOfThePathForTheAnswer) {
  EXPECT_EQ(read_head(post(kUsual), kMaxBody).route, &kRoutes[0]);
  EXPECT_EQ(read_head(post(kUsual, "PUT /mutate HTTP/1.1"), kMaxBody).route, &kRoutes[0]);
  EXPECT_EQ(read_head(post(kUsual, "POST /nothing HTTP/1.1"), kMaxBody).route, nullptr);
}

TEST(SearchHeader, FindsItsEndHoweverTheBytesArrive) {
  const std::string block = post(kUsual);
  const std::string bytes = block + "{\"body\":\"\r\n\r\n\"}";
  for (std::size_t step : {1, 2, 3, 5, 1000}) {
    HeaderSearch found;
    for (std::size_t n = step; found.length == 0 && n < bytes.size() + step; n += step)
      found = search_header(std::string_view(bytes).substr(0, n), found);
    EXPECT_EQ(found.length, block.size()) << "in steps of " << step;
  }
}

TEST(SearchHeader, TakesABareLineFeedForTheEndOfALineToo) {
  EXPECT_EQ(search_header("GET / HTTP/1.1\n\nrest").length, 16u);
}

std::string head_of(const AnswerHead& head) {
  std::string text;
  append_head(text, head);
  return text;
}

TEST(AppendHead, NamesWhatTheStatusNeeds) {
  const std::string refused =
      head_of({405, "text/plain", 3, "POST", "Sun, 22 Nov 2026 01:32:44 GMT", true});
  EXPECT_EQ(refused,
            "HTTP/1.1 405 Method Not Allowed\r\nDate: Sun, 22 Nov 2026 01:32:44 GMT\r\n"
            "Content-Type: text/plain\r\nContent-Length: 3\r\nAllow: POST\r\n\r\n");
  EXPECT_NE(head_of({503, "", 0, "", "", true}).find("\r\nRetry-After: 1\r\n"), std::string::npos);
  EXPECT_NE(head_of({200, "", 0, "", "", false}).find("\r\nConnection: close\r\n"),
            std::string::npos);
  const std::string good = head_of({200, "", 0, "POST", "", true});
  for (const char* field : {"Connection:", "Allow:", "Retry-After:"})
    EXPECT_EQ(good.find(field), std::string::npos) << good;
}

TEST(Refusals, TheTableIsInTheOrderOfTheEnumeration) {
  for (std::size_t i = 0; i < kRefusals.size(); ++i)
    EXPECT_EQ(static_cast<std::size_t>(kRefusals[i].refusal), i);
}

}  // namespace
}  // namespace smc::http
