// A review through the program's own TLS, as an API server sends it.
#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/file.h"
#include "test/webhook/daemon/daemon.h"
#include "test/webhook/https/certificates.h"
#include "test/webhook/review/reviews.h"

namespace smc::webhook {
namespace {

using nlohmann::json;

TEST(Tls, AReviewOver12And13IsAnsweredWithThePatch) {
  const Daemon daemon;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client = daemon.client({.max_version = version, .min_version = version});
    ASSERT_TRUE(client.handshake()) << version;
    const auto answer = client.exchange(post_request(annotated_review()));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
    const json review = json::parse(answer->body);
    EXPECT_EQ(review["apiVersion"], "admission.k8s.io/v1");
    const json& response = review["response"];
    EXPECT_EQ(response["uid"], json::parse(annotated_review())["request"]["uid"]);
    EXPECT_EQ(response["allowed"], true);
    EXPECT_EQ(response["patchType"], "JSONPatch");
    EXPECT_EQ(response["auditAnnotations"], json({{"decision", "injected"}, {"mode", "agent"}}));
    const json pod = test::annotated_pod().patch(
        json::parse(base64_decode(response["patch"].get<std::string>()).value()));
    EXPECT_EQ(pod["spec"]["initContainers"][0]["name"], "smc-init");
  }
}

TEST(Tls, OlderVersionsAndWeakCiphersAreRefused) {
  const Daemon daemon;
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION})
    EXPECT_FALSE(daemon.client({.max_version = version}).handshake()) << version;
  for (const char* weak :
       {"ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "AES128-GCM-SHA256"}) {
    TlsClient client = daemon.client({.max_version = TLS1_2_VERSION});
    ASSERT_EQ(SSL_set_cipher_list(client.tls(), weak), 1);
    EXPECT_FALSE(client.handshake()) << weak;
  }
  EXPECT_TRUE(daemon.metric_becomes("smc_webhook_cut_connections_total{reason=\"handshake\"}", 5));
}

TEST(Tls, ClientsMayHaveToShowACertificate) {
  const certs::KeyPair clients = *certs::make_authority(std::chrono::system_clock::now());
  const certs::KeyPair strangers = *certs::make_authority(std::chrono::system_clock::now());
  const smc::test::TemporaryDirectory directory;
  ASSERT_TRUE(write_file_atomic(directory.file("ca.crt"), clients.certificate_pem, 0600));
  const Daemon daemon({.flags = {{"--client-ca", directory.file("ca.crt")}}});
  const auto served = [&daemon](const certs::KeyPair* certificate, int version) {
    TlsClient client = daemon.client({.max_version = version, .certificate = certificate});
    // a client of TLS 1.3 learns of a refusal only after its handshake
    return client.handshake() && client.exchange(post_request(annotated_review()));
  };
  const certs::KeyPair good = client_pair(clients);
  const certs::KeyPair foreign = client_pair(strangers);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    EXPECT_TRUE(served(&good, version)) << version;
    EXPECT_FALSE(served(nullptr, version)) << version;
    EXPECT_FALSE(served(&foreign, version)) << version;
  }
}

}  // namespace
}  // namespace smc::webhook
