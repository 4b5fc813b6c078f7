// TLS as a client meets it: versions, ciphers, client certificates, resumption, and what a new
// certificate changes.
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "test/webhook/https/certificates.h"
#include "test/webhook/https/running_listener.h"
#include "test/webhook/https/tls_client.h"

namespace smc::webhook {
namespace {

openssl::Certificate peer_of(TlsClient& client) {
  return openssl::Certificate(SSL_get1_peer_certificate(client.tls()));
}

ClientOptions trusting() {
  return {.authority = test_authority().certificate_pem};
}

TEST(Tls, IsVerifiedByTheAuthorityForTheName) {
  RunningListener server;
  EXPECT_TRUE(TlsClient(server.port, trusting()).handshake());
  const certs::KeyPair other = *certs::make_authority(std::chrono::system_clock::now());
  EXPECT_FALSE(TlsClient(server.port, {.authority = other.certificate_pem}).handshake());
}

TEST(Tls, Speaks12And13AndNothingOlder) {
  RunningListener server;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    ClientOptions options = trusting();
    options.min_version = options.max_version = version;
    TlsClient client(server.port, options);
    ASSERT_TRUE(client.handshake()) << version;
    EXPECT_EQ(SSL_version(client.tls()), version);
    EXPECT_EQ(client.exchange(post_request("{}"))->status, 200);
  }
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
    ClientOptions options = trusting();
    options.min_version = options.max_version = version;
    EXPECT_FALSE(TlsClient(server.port, options).handshake()) << version;
  }
  EXPECT_TRUE(server.metric_becomes("smc_webhook_cut_connections_total{reason=\"handshake\"}", 2));
}

TEST(Tls, TakesOnlyForwardSecretAuthenticatedCiphers) {
  RunningListener server;
  for (const char* good : {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
                           "ECDHE-ECDSA-CHACHA20-POLY1305"}) {
    TlsClient client(server.port, {.max_version = TLS1_2_VERSION});
    SSL_set_cipher_list(client.tls(), good);
    EXPECT_TRUE(client.handshake()) << good;
  }
  TlsClient cbc(server.port, {.max_version = TLS1_2_VERSION});
  SSL_set_cipher_list(cbc.tls(), "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA");
  EXPECT_FALSE(cbc.handshake());
}

TEST(Tls, ResumesSessionsInBothVersions) {
  RunningListener server;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    ClientOptions options = trusting();
    options.max_version = version;
    TlsClient first(server.port, options);
    ASSERT_TRUE(first.handshake());
    EXPECT_TRUE(first.exchange(post_request("{}")));  // 1.3 sends its ticket after the handshake
    const std::unique_ptr<SSL_SESSION, decltype(&SSL_SESSION_free)> session(
        SSL_get1_session(first.tls()), SSL_SESSION_free);
    options.resume = session.get();
    TlsClient second(server.port, options);
    ASSERT_TRUE(second.handshake());
    EXPECT_EQ(SSL_session_reused(second.tls()), 1) << version;
    EXPECT_EQ(second.exchange(post_request("{}"))->status, 200);
  }
}

TEST(Tls, OffersHttp11AndTurnsOtherProtocolsAway) {
  RunningListener server;
  EXPECT_TRUE(TlsClient(server.port, {.protocol = "http/1.1"}).handshake());
  EXPECT_FALSE(TlsClient(server.port, {.protocol = "h2"}).handshake());
}

TEST(Tls, PlainHttpGetsNoAnswer) {
  RunningListener server;
  TlsClient client(server.port);
  client.send_raw("GET /mutate HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(client.ended_within(kPatience));
}

TEST(Tls, ARenegotiationIsRefused) {
  RunningListener server;
  TlsClient client(server.port, {.max_version = TLS1_2_VERSION});
  ASSERT_TRUE(client.handshake());
  SSL_renegotiate(client.tls());
  client.handshake();
  EXPECT_FALSE(client.exchange(post_request("{}")).has_value() &&
               SSL_num_renegotiations(client.tls()) > 0);
}

TEST(Certificate, AReplacedOneIsShownToNewConnectionsAndOldOnesGoOn) {
  RunningListener server;
  TlsClient before(server.port, trusting());
  ASSERT_TRUE(before.handshake());
  server.listener.replace(tls_of(new_serving_pair()));
  TlsClient after(server.port, trusting());
  ASSERT_TRUE(after.handshake());
  EXPECT_NE(X509_cmp(peer_of(before).get(), peer_of(after).get()), 0);
  EXPECT_EQ(before.exchange(post_request("{}"))->status, 200);
  EXPECT_EQ(after.exchange(post_request("{}"))->status, 200);
}

class ClientCertificate : public testing::Test {
 protected:
  const certs::KeyPair clients_ = *certs::make_authority(std::chrono::system_clock::now());
  RunningListener server_{{}, echo, tls_of(new_serving_pair(), clients_.certificate_pem)};
};

// A client of TLS 1.3 believes the handshake done before the server has looked at its certificate.
bool served(TlsClient& client) {
  return client.handshake() && client.exchange(post_request("{}")).has_value();
}

TEST_F(ClientCertificate, OfTheAuthorityIsLetIn) {
  const certs::KeyPair mine = client_pair(clients_);
  ClientOptions options = trusting();
  options.certificate = &mine;
  TlsClient client(server_.port, options);
  EXPECT_TRUE(served(client));
}

TEST_F(ClientCertificate, MissingOrOfAnotherAuthorityIsNot) {
  const certs::KeyPair stranger = *certs::make_authority(std::chrono::system_clock::now());
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION})
    for (const certs::KeyPair* shown : {static_cast<const certs::KeyPair*>(nullptr), &stranger}) {
      ClientOptions options = trusting();
      options.max_version = version;
      options.certificate = shown;
      TlsClient client(server_.port, options);
      EXPECT_FALSE(served(client)) << version;
    }
}

TEST_F(ClientCertificate, OfAServerIsNotOneOfAClient) {
  const certs::KeyPair pair = *certs::issue_serving(
      clients_, *certs::parse_names({"localhost"}, {}), std::chrono::system_clock::now());
  ClientOptions options = trusting();
  options.certificate = &pair;
  TlsClient client(server_.port, options);
  EXPECT_FALSE(served(client));
}

TEST_F(ClientCertificate, IsAskedForAnewByEachConnection) {
  const certs::KeyPair mine = client_pair(clients_);
  ClientOptions options = trusting();
  options.certificate = &mine;
  TlsClient first(server_.port, options);
  ASSERT_TRUE(served(first));
  const std::unique_ptr<SSL_SESSION, decltype(&SSL_SESSION_free)> session(
      SSL_get1_session(first.tls()), SSL_SESSION_free);
  ClientOptions without = trusting();
  without.resume = session.get();
  TlsClient second(server_.port, without);
  EXPECT_FALSE(served(second));
}

TEST(MakeTlsContext, RefusesWhatIsNoPair) {
  const certs::KeyPair one = new_serving_pair();
  const certs::KeyPair two = new_serving_pair();
  const auto mismatched = make_tls_context({one.certificate_pem, two.key_pem, {}});
  ASSERT_FALSE(mismatched);
  EXPECT_NE(mismatched.error().text().find("mismatch"), std::string::npos);
  EXPECT_FALSE(mismatched.error().hint.empty());
  EXPECT_FALSE(make_tls_context({"", one.key_pem, {}}));
  EXPECT_FALSE(make_tls_context({one.certificate_pem, "", {}}));
  EXPECT_FALSE(make_tls_context({one.certificate_pem.substr(0, 200), one.key_pem, {}}));
  EXPECT_FALSE(make_tls_context({one.certificate_pem, one.key_pem, "no certificate"}));
  EXPECT_FALSE(make_tls_context(
      {one.certificate_pem + "-----BEGIN CERTIFICATE-----\nx\n", one.key_pem, {}}));
}

TEST(MakeTlsContext, TakesAChainAndSaysWhoseItIs) {
  const certs::KeyPair pair = new_serving_pair();
  const auto made =
      make_tls_context({pair.certificate_pem + test_authority().certificate_pem, pair.key_pem, {}});
  ASSERT_TRUE(made) << made.error().text();
  EXPECT_FALSE(made->subject.empty());
  EXPECT_GT(made->not_after, std::chrono::system_clock::now());
  EXPECT_LT(made->not_before, std::chrono::system_clock::now());
}

TEST(ClientCa, ThatHoldsNoCertificateIsNoneAndAnError) {
  const certs::KeyPair pair = new_serving_pair();
  for (const std::string& text : {std::string(), std::string("\n"), pair.key_pem}) {
    const auto made = make_tls_context({pair.certificate_pem, pair.key_pem, text});
    ASSERT_FALSE(made) << text;
    EXPECT_NE(made.error().what.find("client CA"), std::string::npos) << made.error().what;
    EXPECT_FALSE(check_client_ca(text)) << text;
  }
  EXPECT_TRUE(check_client_ca(test_authority().certificate_pem));
}

TEST(EveryAddress, IsThatOfBothFamilies) {
  RunningListener server({}, echo, tls_of(new_serving_pair()), Listener::kMaxBytesInFlight, "::");
  TlsClient client(server.port);  // over IPv4
  ASSERT_TRUE(client.handshake());
  EXPECT_EQ(client.exchange(post_request("{}"))->status, 200);
}

}  // namespace
}  // namespace smc::webhook
