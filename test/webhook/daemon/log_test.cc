// The log: one JSON object a line, what a line says, and what must never be in it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/version.h"
#include "test/webhook/daemon/daemon.h"
#include "test/webhook/https/certificates.h"
#include "test/webhook/review/reviews.h"

namespace smc::webhook {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class Log : public testing::Test {
 protected:
  // The answer's status to a review on a connection that stays.
  int send(const std::string& review, const std::string& fields = "") {
    const auto answer = client_.exchange(post_request(review, fields));
    return answer ? answer->status : 0;
  }
  void SetUp() override { ASSERT_TRUE(client_.handshake()); }

  Daemon daemon_{{.config = "log: {level: debug}\nserver: {drainDelay: 0s}"}};
  TlsClient client_ = daemon_.client();
};

TEST_F(Log, AReviewsLineSaysWhoseItIsAndWhatWasDecided) {
  ASSERT_EQ(send(annotated_review()), 200);
  const json line = daemon_.logged("review");
  EXPECT_THAT(line["time"].get<std::string>(),
              MatchesRegex("20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z"));
  EXPECT_EQ(line["level"], "info");
  EXPECT_EQ(line["uid"], "705ab4f5-6393-11e8-b7cc-42010a800002");
  EXPECT_EQ(line["namespace"], "shop");
  EXPECT_EQ(line["pod"], "web-6d4-");
  EXPECT_EQ(line["owner"], "ReplicaSet/web-6d4");
  EXPECT_EQ(line["decision"], "injected");
  EXPECT_EQ(line["dry_run"], true);
  EXPECT_TRUE(line["duration_us"].is_number_unsigned());
}

TEST_F(Log, APodsOwnNameComesBeforeItsGenerateName) {
  json pod = test::annotated_pod();
  pod["metadata"]["name"] = "web-1";
  pod["metadata"].erase("ownerReferences");
  ASSERT_EQ(send(test::review_of(pod).dump()), 200);
  EXPECT_EQ(daemon_.logged("review")["pod"], "web-1");
  EXPECT_EQ(daemon_.logged("review")["owner"], "");
}

TEST_F(Log, PodsThatAskForNothingAreThereAtDebugAlone) {
  ASSERT_EQ(send(plain_review()), 200);
  EXPECT_EQ(daemon_.logged("review")["level"], "debug");
  EXPECT_EQ(daemon_.logged("review")["decision"], "not_annotated");
}

TEST_F(Log, ARefusedReviewsLineSaysWhy) {
  json review = json::parse(annotated_review());
  review["request"]["object"]["spec"]["hostNetwork"] = "yes";
  ASSERT_EQ(send(review.dump()), 400);
  const json line = daemon_.logged("review refused");
  EXPECT_EQ(line["level"], "warn");
  EXPECT_EQ(line["uid"], "705ab4f5-6393-11e8-b7cc-42010a800002");
  EXPECT_EQ(line["status"], 400);
  EXPECT_THAT(line["reason"].get<std::string>(), HasSubstr("request.object.spec.hostNetwork"));
}

TEST_F(Log, StartAndEndAreSaid) {
  const json line = daemon_.logged("listening");
  EXPECT_EQ(line["version"], kVersion);
  EXPECT_EQ(line["address"], "127.0.0.1:" + std::to_string(daemon_.port()));
  EXPECT_EQ(line["client_certificates"], false);
  EXPECT_EQ(daemon_.terminate(), 0);
  EXPECT_EQ(daemon_.log().back()["event"], "stopped");
}

TEST_F(Log, NamesThatLieStayOnOneLine) {
  json pod = test::annotated_pod();
  pod["metadata"]["name"] = "a\"}\n{\"level\":\"error\",\"event\":\"forged\u2028\x1b[2J";
  ASSERT_EQ(send(test::review_of(pod).dump()), 200);
  EXPECT_FALSE(daemon_.logged("review").is_null());
  for (const json& line : daemon_.log()) EXPECT_NE(line["event"], "forged");
  EXPECT_THAT(daemon_.child().err(), Not(HasSubstr("\x1b")));
}

TEST_F(Log, NothingSecretIsEverThere) {
  json pod = test::annotated_pod();
  pod["metadata"]["annotations"]["example.com/token"] = "hunter2-annotation";
  pod["metadata"]["annotations"]["smc.asm.alibabacloud.com/pnetid"] = "hunter2-pnetid";
  json& container = pod["spec"]["containers"][0];
  container["env"] = {{{"name", "PASSWORD"}, {"value", "hunter2-variable"}}};
  container["args"] = {"--token=hunter2-argument"};
  ASSERT_EQ(send(test::review_of(pod).dump(), "Authorization: Bearer hunter2-header\r\n"), 200);
  container["name"] = 7;  // refused
  ASSERT_EQ(send(test::review_of(pod).dump(), "Cookie: hunter2-cookie\r\n"), 400);
  pod["metadata"]["annotations"]["smc.asm.alibabacloud.com/enabled"] = "hunter2-value";
  ASSERT_EQ(send(test::review_of(pod).dump()), 200);
  ASSERT_EQ(send("{\"password\":\"hunter2-body\""), 400);
  client_.send("GET /hunter2-path?token=hunter2-query HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_EQ(client_.answer()->status, 404);

  // a key where a certificate should be, and one that belongs to another
  const certs::KeyPair one = new_serving_pair();
  const certs::KeyPair two = new_serving_pair();
  daemon_.tls().write({{"tls.crt", one.key_pem}, {"tls.key", one.key_pem}});
  ASSERT_TRUE(daemon_.metric_becomes(reloads("certificate", "error"), 1));
  daemon_.tls().write({{"tls.crt", one.certificate_pem}, {"tls.key", two.key_pem}});
  ASSERT_TRUE(daemon_.metric_becomes(reloads("certificate", "error"), 2));
  ASSERT_EQ(daemon_.terminate(), 0);

  EXPECT_GT(daemon_.log().size(), 10u);
  const std::string all = daemon_.child().err();
  EXPECT_THAT(all, Not(HasSubstr("hunter2")));
  for (const certs::KeyPair& pair : {one, two})
    EXPECT_THAT(all, Not(HasSubstr(pair.key_pem.substr(40, 40))));
}

}  // namespace
}  // namespace smc::webhook
