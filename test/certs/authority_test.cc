// What an authority signs is taken by a verifying client, for the names asked for, for the time
// promised and for nothing else. OpenSSL's verification stands for the client.
#include "certs/authority.h"

#include <ctime>
#include <set>

#include <gtest/gtest.h>
#include <openssl/pem.h>

#include "base/openssl.h"
#include "certs/inspect.h"
#include "test/certs/fixed_time.h"

namespace smc::certs {

using namespace openssl;
namespace {

using std::chrono::hours;
using std::chrono::seconds;

using Store = std::unique_ptr<X509_STORE, FreeWith<X509_STORE_free>>;
using StoreContext = std::unique_ptr<X509_STORE_CTX, FreeWith<X509_STORE_CTX_free>>;

using test::kNow;

SubjectNames names() {
  return *parse_names({"web.svc", "*.example.org"}, {"127.0.0.1", "fd00::1"});
}

KeyPair authority_at(Time now) {
  auto made = make_authority(now);
  EXPECT_TRUE(made);
  return *made;
}

KeyPair serving_by(const KeyPair& authority, Time now) {
  auto made = issue_serving(authority, names(), now);
  EXPECT_TRUE(made);
  return *made;
}

CertificateInfo info_of(const KeyPair& pair) {
  const auto infos = read_certificates(pair.certificate_pem);
  EXPECT_TRUE(infos);
  return infos->front();
}

struct Client {
  std::string dns = {};
  std::string ip = {};
  Time at = kNow;
  int purpose = X509_PURPOSE_SSL_SERVER;
};

// OpenSSL's verdict on `leaf`, trusting `authority` alone, all strict checks on.
int verdict(const KeyPair& leaf, const KeyPair& authority, const Client& client) {
  const auto target = parse_certificate(leaf.certificate_pem);
  const auto root = parse_certificate(authority.certificate_pem);
  const Store store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), root->get());
  const StoreContext context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), target->get(), nullptr);
  X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_X509_STRICT);
  X509_VERIFY_PARAM_set_purpose(parameters, client.purpose);
  X509_VERIFY_PARAM_set_time(parameters, std::chrono::system_clock::to_time_t(client.at));
  if (!client.dns.empty()) X509_VERIFY_PARAM_set1_host(parameters, client.dns.c_str(), 0);
  if (!client.ip.empty()) X509_VERIFY_PARAM_set1_ip_asc(parameters, client.ip.c_str());
  if (X509_verify_cert(context.get()) == 1) return X509_V_OK;
  return X509_STORE_CTX_get_error(context.get());
}

TEST(Authority, AClientTakesTheServerForEachOfItsNames) {
  const KeyPair authority = authority_at(kNow);
  const KeyPair leaf = serving_by(authority, kNow);
  for (const char* dns : {"web.svc", "WEB.svc", "a.example.org"})
    EXPECT_EQ(verdict(leaf, authority, {.dns = dns}), X509_V_OK) << dns;
  for (const char* ip : {"127.0.0.1", "fd00::1"})
    EXPECT_EQ(verdict(leaf, authority, {.ip = ip}), X509_V_OK) << ip;
}

TEST(Authority, AClientRefusesAnyOtherName) {
  const KeyPair authority = authority_at(kNow);
  const KeyPair leaf = serving_by(authority, kNow);
  for (const char* dns : {"other.svc", "a.b.example.org", "smc-webhook"})
    EXPECT_EQ(verdict(leaf, authority, {.dns = dns}), X509_V_ERR_HOSTNAME_MISMATCH) << dns;
  EXPECT_EQ(verdict(leaf, authority, {.ip = "127.0.0.2"}), X509_V_ERR_IP_ADDRESS_MISMATCH);
}

TEST(Authority, AClientOfAnotherAuthorityRefusesTheServer) {
  const KeyPair leaf = serving_by(authority_at(kNow), kNow);
  EXPECT_EQ(verdict(leaf, authority_at(kNow), {}), X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
}

TEST(Authority, AServingCertificateIsForServersAlone) {
  const KeyPair authority = authority_at(kNow);
  const KeyPair leaf = serving_by(authority, kNow);
  EXPECT_EQ(verdict(leaf, authority, {.purpose = X509_PURPOSE_SSL_CLIENT}),
            X509_V_ERR_INVALID_PURPOSE);
}

TEST(Authority, AServingCertificateSignsNothing) {
  const KeyPair leaf = serving_by(authority_at(kNow), kNow);
  EXPECT_FALSE(issue_serving(leaf, names(), kNow));
  EXPECT_FALSE(check_authority(leaf, kNow));
}

TEST(Authority, LivesAYearAndAServingCertificateThirtyDays) {
  const KeyPair authority = authority_at(kNow);
  EXPECT_EQ(info_of(authority).not_after, kNow + hours(24 * 365));
  EXPECT_EQ(info_of(serving_by(authority, kNow)).not_after, kNow + hours(24 * 30));
}

TEST(Authority, AClientWhoseClockIsBehindTakesANewCertificate) {
  const KeyPair authority = authority_at(kNow);
  const KeyPair leaf = serving_by(authority, kNow);
  EXPECT_EQ(verdict(leaf, authority, {.at = kNow - kClockSkew}), X509_V_OK);
  EXPECT_EQ(verdict(leaf, authority, {.at = kNow - kClockSkew - seconds(1)}),
            X509_V_ERR_CERT_NOT_YET_VALID);
}

TEST(Authority, AServingCertificateNeverOutlivesIt) {
  const KeyPair authority = authority_at(kNow);
  const Time end = info_of(authority).not_after;
  const KeyPair leaf = serving_by(authority, end - hours(24));
  EXPECT_EQ(info_of(leaf).not_after, end);
  EXPECT_EQ(verdict(leaf, authority, {.at = end - seconds(1)}), X509_V_OK);
}

TEST(Authority, OutsideItsTimeItSignsNothing) {
  const KeyPair authority = authority_at(kNow);
  const CertificateInfo info = info_of(authority);
  for (const Time at : {info.not_before - seconds(1), info.not_after}) {
    EXPECT_FALSE(check_authority(authority, at));
    EXPECT_FALSE(issue_serving(authority, names(), at));
  }
  EXPECT_TRUE(check_authority(authority, info.not_before));
  EXPECT_TRUE(check_authority(authority, info.not_after - seconds(1)));
}

TEST(Authority, AKeyOfAnotherIsRefused) {
  KeyPair mixed = authority_at(kNow);
  mixed.key_pem = authority_at(kNow).key_pem;
  const auto checked = check_authority(mixed, kNow);
  ASSERT_FALSE(checked);
  EXPECT_NE(checked.error().what.find("does not belong"), std::string::npos);
}

TEST(Authority, TwoOfARotationDifferInNameAndSerial) {
  const CertificateInfo a = info_of(authority_at(kNow));
  const CertificateInfo b = info_of(authority_at(kNow));
  EXPECT_NE(a.subject, b.subject);
  EXPECT_NE(a.serial, b.serial);
}

TEST(Authority, SerialNumbersHave128RandomBits) {
  const KeyPair authority = authority_at(kNow);
  std::set<std::string> serials;
  for (int i = 0; i < 20; ++i) {
    const std::string serial = info_of(serving_by(authority, kNow)).serial;
    EXPECT_EQ(serial.size(), 32u);
    serials.insert(serial);
  }
  EXPECT_EQ(serials.size(), 20u);
}

TEST(Authority, KeysAreEcdsaP256AndItsOwnCertificateMaySignOnlyLeaves) {
  const KeyPair authority = authority_at(kNow);
  EXPECT_EQ(info_of(authority).key, "ECDSA P-256");
  EXPECT_EQ(info_of(serving_by(authority, kNow)).key, "ECDSA P-256");
  EXPECT_TRUE(info_of(authority).is_authority);
  const auto certificate = parse_certificate(authority.certificate_pem);
  EXPECT_EQ(X509_get_pathlen(certificate->get()), 0);
}

TEST(Authority, MalformedPemIsAnErrorWithOpenSslsReason) {
  const KeyPair good = authority_at(kNow);
  for (const KeyPair& bad :
       {KeyPair{"", ""}, KeyPair{good.certificate_pem, "malformed"},
        KeyPair{"malformed", good.key_pem}, KeyPair{good.key_pem, good.certificate_pem}}) {
    const auto checked = check_authority(bad, kNow);
    ASSERT_FALSE(checked);
    EXPECT_NE(checked.error().what.find(':'), std::string::npos) << checked.error().what;
  }
}

TEST(Authority, AnEncryptedKeyIsRefusedWithoutAsking) {
  const KeyPair good = authority_at(kNow);
  const auto key = parse_key(good.key_pem);
  const Bio bio(BIO_new(BIO_s_mem()));
  char passphrase[] = "secret";
  ASSERT_EQ(PEM_write_bio_PKCS8PrivateKey(bio.get(), key->get(), EVP_aes_128_cbc(), passphrase,
                                          sizeof passphrase - 1, nullptr, nullptr),
            1);
  EXPECT_FALSE(check_authority({good.certificate_pem, content(bio.get())}, kNow));
}

}  // namespace
}  // namespace smc::certs
