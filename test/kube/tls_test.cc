#include <atomic>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "kube/client.h"
#include "test/kube/fake_api.h"

namespace smc::kube {
namespace {

using std::chrono::system_clock;
using testing::AnyOf;
using testing::HasSubstr;

void fine(const ApiRequest&, ApiResponse& response) {
  answer(response, 200, "{}");
}

Outcome<nlohmann::json> get(const std::shared_ptr<Cluster>& cluster) {
  const Stop stop;
  ClientOptions options;
  options.user_agent = "test/1";
  return Client(cluster, stop, options).get({kSecrets, "ns", "one", ""});
}

TEST(Tls, AnAddressInTheCertificateIsTrusted) {
  FakeApi api(fine, {{}, {"127.0.0.1"}});
  const auto got = get(api.cluster());
  EXPECT_TRUE(got) << got.error().what;
}

TEST(Tls, ServesManyRequestsOnOneConnection) {
  FakeApi api(fine, {{}, {"127.0.0.1"}});
  const Stop stop;
  Client client(api.cluster(), stop, {});
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(client.get({kSecrets, "ns", "one", ""}));
}

TEST(Tls, ACertificateForAnotherNameIsNot) {
  FakeApi api(fine, {{"kube.internal"}, {}});
  const auto got = get(api.cluster());
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().failure, Failure::kTls);
  EXPECT_THAT(got.error().what, HasSubstr("is not trusted: IP address mismatch"));
  EXPECT_THAT(got.error().hint, HasSubstr("tls-server-name"));
  EXPECT_TRUE(api.requests().empty()) << "the token is not shown to a stranger";
}

TEST(Tls, UnlessTheKubeconfigNamesThatName) {
  FakeApi api(fine, {{"kube.internal"}, {}});
  const auto cluster = api.cluster();
  cluster->tls_server_name = "kube.internal";
  EXPECT_TRUE(get(cluster));
  cluster->tls_server_name = "other.internal";
  EXPECT_THAT(get(cluster).error().what, HasSubstr("hostname mismatch"));
}

TEST(Tls, AnotherAuthorityIsNotTrusted) {
  FakeApi api(fine, {{}, {"127.0.0.1"}});
  const auto cluster = api.cluster();
  cluster->authority.data = certs::make_authority(system_clock::now())->certificate_pem;
  const auto got = get(cluster);
  ASSERT_FALSE(got);
  EXPECT_THAT(got.error().what, HasSubstr("certificate is not trusted"));
  EXPECT_THAT(got.error().hint, HasSubstr("authority in the test"));
}

TEST(Tls, TheSystemsAuthoritiesCountOnlyWhereNoneIsGiven) {
  FakeApi api(fine, {{}, {"127.0.0.1"}});
  const auto cluster = api.cluster();
  cluster->authority.data.clear();
  EXPECT_THAT(get(cluster).error().what, HasSubstr("certificate is not trusted"));
}

TEST(Tls, SkippedVerificationTakesAnyCertificate) {
  FakeApi api(fine, {{"other"}, {}});
  const auto cluster = api.cluster();
  cluster->authority.data.clear();
  cluster->insecure_skip_tls_verify = true;
  EXPECT_TRUE(get(cluster));
}

TEST(Tls, ShowsTheClientCertificate) {
  FakeApi api(fine, {{}, {"127.0.0.1"}}, true);
  const auto cluster = api.cluster();
  const auto own = certs::issue_serving(api.authority(), {{"client"}, {}}, system_clock::now());
  cluster->client_certificate.data = own->certificate_pem;
  cluster->client_key.data = own->key_pem;
  const auto got = get(cluster);
  EXPECT_TRUE(got) << got.error().what;
}

TEST(Tls, AServerThatRefusesOurCertificateIsSaidToHaveRefusedIt) {
  FakeApi api(fine, {{}, {"127.0.0.1"}}, true);
  const auto got = get(api.cluster());
  ASSERT_FALSE(got);
  // The alert, unless the server's reset overtakes it.
  EXPECT_THAT(got.error().what, AnyOf(HasSubstr("alert"), HasSubstr("reset by peer")));
  EXPECT_TRUE(api.requests().empty());
}

TEST(Tls, CredentialsThatCannotBeReadAreNamedBeforeAnythingIsSent) {
  FakeApi api(fine, {{}, {"127.0.0.1"}});
  auto cluster = api.cluster();
  cluster->authority.data = "malformed";
  EXPECT_THAT(get(cluster).error().what,
              HasSubstr("the certificate authority: no PEM certificate"));
  cluster = api.cluster();
  cluster->client_certificate.data = "malformed";
  cluster->client_key.data = "malformed";
  EXPECT_THAT(get(cluster).error().what,
              HasSubstr("the client certificate and its key: the certificate: no PEM certificate"));
  cluster = api.cluster();
  const auto one = certs::issue_serving(api.authority(), {{"a"}, {}}, system_clock::now());
  const auto two = certs::issue_serving(api.authority(), {{"b"}, {}}, system_clock::now());
  cluster->client_certificate.data = one->certificate_pem;
  cluster->client_key.data = two->key_pem;
  EXPECT_THAT(get(cluster).error().what,
              HasSubstr("the client certificate and its key: use the key with the certificate"));
  cluster = api.cluster();
  cluster->authority.data += cluster->authority.data.substr(0, 100);
  EXPECT_THAT(get(cluster).error().what, HasSubstr("certificate 2 cannot be read"))
      << "half a list of authorities is none";
  cluster = api.cluster();
  cluster->client_certificate.data = one->certificate_pem + one->certificate_pem.substr(0, 100);
  cluster->client_key.data = one->key_pem;
  EXPECT_THAT(get(cluster).error().what, HasSubstr("certificate 2 cannot be read"));
  EXPECT_TRUE(api.requests().empty());
}

TEST(Tls, APlainServerIsSaidToSpeakNoTls) {
  FakeApi api(fine);
  const auto cluster = api.cluster();
  cluster->tls = true;
  cluster->insecure_skip_tls_verify = true;
  const auto got = get(cluster);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().failure, Failure::kTls);
  EXPECT_THAT(got.error().hint, HasSubstr("speak TLS"));
}

}  // namespace
}  // namespace smc::kube
