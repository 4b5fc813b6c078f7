// Changed files are used within moments and cost no request; bad ones change nothing but a counter
// and the log.
#include <filesystem>
#include <ostream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "test/webhook/daemon/daemon.h"
#include "test/webhook/https/certificates.h"

namespace smc::webhook {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;
using Clock = std::chrono::steady_clock;

// The poll looks every 10 s. What is seen earlier after the start, inotify has seen.
constexpr auto kBeforePoll = 9s;

bool shows(const Daemon& daemon, const certs::KeyPair& pair) {
  TlsClient client = daemon.client();
  if (!client.handshake()) return false;
  const openssl::Certificate shown(SSL_get1_peer_certificate(client.tls()));
  return X509_cmp(shown.get(), openssl::parse_certificate(pair.certificate_pem)->get()) == 0;
}

TEST(CertificateReload, ASwappedSecretIsServedBeforeAnyPollAndLosesNoRequest) {
  Daemon daemon;
  const auto started = Clock::now();
  TlsClient halfway = daemon.client();
  ASSERT_TRUE(halfway.handshake());
  const std::string request = post_request(annotated_review());
  halfway.send(request.substr(0, request.size() / 2));
  ASSERT_TRUE(daemon.metric_becomes("smc_webhook_requests_in_flight", 1));

  const certs::KeyPair next = new_serving_pair();
  daemon.tls().write(files_of(next));
  ASSERT_TRUE(becomes_true([&] { return shows(daemon, next); }));
  EXPECT_LT(Clock::now() - started, kBeforePoll);

  EXPECT_EQ(halfway.exchange(request.substr(request.size() / 2))->status, 200);
  EXPECT_EQ(halfway.exchange(request)->status, 200) << "an open connection goes on";
  EXPECT_EQ(daemon.review_status(), 200);
  EXPECT_EQ(daemon.metric(reloads("certificate", "ok")), 1);
  EXPECT_EQ(daemon.metric(reloads("certificate", "error")), 0);
  EXPECT_FALSE(daemon.logged("certificate reloaded").is_null());
}

TEST(CertificateReload, ManySwapsInARowLoseNoRequestOfThoseInBetween) {
  Daemon daemon;
  certs::KeyPair last = new_serving_pair();
  for (int i = 0; i < 20; ++i) {
    last = new_serving_pair();
    daemon.tls().write(files_of(last));
    EXPECT_EQ(daemon.review_status(), 200);
    std::this_thread::sleep_for(20ms);
  }
  EXPECT_TRUE(becomes_true([&] { return shows(daemon, last); }));
}

TEST(CertificateReload, FilesWrittenInPlaceAreSeenToo) {
  const certs::KeyPair first = new_serving_pair();
  const certs::KeyPair next = new_serving_pair();
  const test::TemporaryDirectory directory;
  const auto write = [&directory](const certs::KeyPair& pair) {
    for (const auto& [name, content] : files_of(pair))
      ASSERT_TRUE(write_file_atomic(directory.file(name), content, 0600));
  };
  write(first);
  Daemon daemon({.flags = {{"--tls-cert", directory.file("tls.crt")},
                           {"--tls-key", directory.file("tls.key")}}});
  const auto started = Clock::now();
  ASSERT_TRUE(shows(daemon, first));
  write(next);
  EXPECT_TRUE(becomes_true([&] { return shows(daemon, next); }));
  EXPECT_LT(Clock::now() - started, kBeforePoll);
}

struct Bad {
  const char* what;
  MountedVolume::Files files;
  const char* said;
};

void PrintTo(const Bad& bad, std::ostream* out) {
  *out << bad.what;
}

class BadCertificate : public testing::TestWithParam<Bad> {};

TEST_P(BadCertificate, KeepsTheOldOneIsCountedOnceAndSaid) {
  const certs::KeyPair first = new_serving_pair();
  Daemon daemon({.serving = first});
  daemon.tls().write(GetParam().files);
  ASSERT_TRUE(daemon.metric_becomes(reloads("certificate", "error"), 1));
  EXPECT_TRUE(shows(daemon, first));
  EXPECT_EQ(daemon.review_status(), 200);
  EXPECT_EQ(daemon.get("/readyz").status, 200);
  const json said = daemon.logged("certificate not reloaded, the old one stays");
  EXPECT_EQ(said["level"], "error");
  EXPECT_THAT(said["error"].get<std::string>(), HasSubstr(GetParam().said));
  EXPECT_NE(said["hint"], "");

  const certs::KeyPair good = new_serving_pair();
  daemon.tls().write(files_of(good));
  EXPECT_TRUE(becomes_true([&] { return shows(daemon, good); }));
  EXPECT_EQ(daemon.metric(reloads("certificate", "error")), 1) << "counted again while it stayed";
}

INSTANTIATE_TEST_SUITE_P(
    Each, BadCertificate,
    testing::Values(
        Bad{"NoPem", {{"tls.crt", "malformed"}, {"tls.key", "malformed"}}, "certificate"},
        Bad{"NoKey", {{"tls.crt", new_serving_pair().certificate_pem}, {"tls.key", "x"}}, "key"},
        Bad{"NoPair",
            {{"tls.crt", new_serving_pair().certificate_pem},
             {"tls.key", new_serving_pair().key_pem}},
            "mismatch"},
        Bad{"Truncated",
            {{"tls.crt", new_serving_pair().certificate_pem.substr(0, 300)},
             {"tls.key", new_serving_pair().key_pem}},
            "certificate"},
        Bad{"Empty", {{"tls.crt", ""}, {"tls.key", ""}}, "certificate"},
        Bad{"Vanished", {{"tls.crt", new_serving_pair().certificate_pem}}, "tls.key"}),
    [](const testing::TestParamInfo<Bad>& bad) { return bad.param.what; });

TEST(ClientCaReload, AnotherAuthorityHoldsForNewConnections) {
  const certs::KeyPair before = *certs::make_authority(std::chrono::system_clock::now());
  const certs::KeyPair after = *certs::make_authority(std::chrono::system_clock::now());
  const test::TemporaryDirectory directory;
  ASSERT_TRUE(write_file_atomic(directory.file("ca.crt"), before.certificate_pem, 0600));
  const Daemon daemon({.flags = {{"--client-ca", directory.file("ca.crt")}}});
  const certs::KeyPair mine = client_pair(after);
  const auto served = [&] {
    TlsClient client = daemon.client({.certificate = &mine});
    return client.handshake() && client.exchange(post_request(plain_review()));
  };
  EXPECT_FALSE(served());
  ASSERT_TRUE(write_file_atomic(directory.file("ca.crt"), after.certificate_pem, 0600));
  EXPECT_TRUE(becomes_true(served));
}

TEST(ClientCaReload, AnEmptiedOneIsRefusedAndTheOldOneStays) {
  const certs::KeyPair authority = *certs::make_authority(std::chrono::system_clock::now());
  const certs::KeyPair mine = client_pair(authority);
  const test::TemporaryDirectory directory;
  ASSERT_TRUE(write_file_atomic(directory.file("ca.crt"), authority.certificate_pem, 0600));
  const Daemon daemon({.flags = {{"--client-ca", directory.file("ca.crt")}}});
  const auto served = [&daemon](const certs::KeyPair* shown) {
    TlsClient client = daemon.client({.certificate = shown});
    return client.handshake() && client.exchange(post_request(plain_review()));
  };
  for (const char* emptied : {"", "no certificate\n"}) {
    const double before = daemon.metric(reloads("certificate", "error"));
    ASSERT_TRUE(write_file_atomic(directory.file("ca.crt"), emptied, 0600));
    ASSERT_TRUE(daemon.metric_becomes(reloads("certificate", "error"), before + 1));
    EXPECT_FALSE(served(nullptr)) << "without a certificate";
    EXPECT_TRUE(served(&mine));
  }
  EXPECT_EQ(daemon.logged("certificate not reloaded, the old one stays")["level"], "error");
}

TEST(FifoReload, InPlaceOfAFileKeepsTheOldOneAndTheProcessEndsWhenTold) {
  const certs::KeyPair pair = new_serving_pair();
  const test::TemporaryDirectory directory;
  for (const auto& [name, content] : files_of(pair))
    ASSERT_TRUE(write_file_atomic(directory.file(name), content, 0600));
  ASSERT_TRUE(write_file_atomic(directory.file("config.yaml"), "server: {drainDelay: 0s}", 0600));
  Daemon daemon({.flags = {{"--tls-cert", directory.file("tls.crt")},
                           {"--tls-key", directory.file("tls.key")},
                           {"--config", directory.file("config.yaml")}}});
  for (const char* name : {"tls.crt", "config.yaml"}) {
    ASSERT_EQ(::unlink(directory.file(name).c_str()), 0);
    ASSERT_EQ(::mkfifo(directory.file(name).c_str(), 0600), 0);
  }
  EXPECT_TRUE(becomes_true([&] { return daemon.metric(reloads("certificate", "error")) > 0; }));
  EXPECT_TRUE(becomes_true([&] { return daemon.metric(reloads("config", "error")) > 0; }));
  EXPECT_TRUE(shows(daemon, pair));
  EXPECT_EQ(daemon.terminate(), 0);
}

// What a review's answer says of the pod.
bool patched(const Daemon& daemon) {
  TlsClient client = daemon.client();
  if (!client.handshake()) return false;
  const auto answer = client.exchange(post_request(annotated_review()));
  return answer && json::parse(answer->body)["response"].contains("patch");
}

TEST(ConfigReload, TheMeshSwitchFollowsOnOpenConnectionsToo) {
  Daemon daemon;
  const auto started = Clock::now();
  TlsClient open = daemon.client();
  ASSERT_TRUE(open.handshake());
  const auto response = [&open] {
    return json::parse(open.exchange(post_request(annotated_review()))->body)["response"];
  };
  EXPECT_TRUE(response().contains("patch"));

  daemon.write_config("mesh: {smcEnabled: false}");
  ASSERT_TRUE(daemon.metric_becomes(reloads("config", "ok"), 1));
  EXPECT_LT(Clock::now() - started, kBeforePoll);
  EXPECT_FALSE(response().contains("patch"));
  EXPECT_THAT(response()["warnings"][0].get<std::string>(), HasSubstr("mesh_disabled"));

  daemon.write_config("mesh: {smcEnabled: true}");
  EXPECT_TRUE(becomes_true([&] { return response().contains("patch"); }));
}

TEST(ConfigReload, TheLogLevelFollows) {
  Daemon daemon;
  const auto reviews_logged = [&daemon] {
    int count = 0;
    for (const json& line : daemon.log()) count += line["event"] == "review" ? 1 : 0;
    return count;
  };
  ASSERT_EQ(daemon.review_status(), 200);
  ASSERT_TRUE(becomes_true([&] { return reviews_logged() == 1; }));

  daemon.write_config("log: {level: warn}");
  ASSERT_TRUE(daemon.metric_becomes(reloads("config", "ok"), 1));
  ASSERT_EQ(daemon.review_status(), 200);

  daemon.write_config("log: {level: info}");
  ASSERT_TRUE(daemon.metric_becomes(reloads("config", "ok"), 2));
  ASSERT_EQ(daemon.review_status(), 200);
  EXPECT_TRUE(becomes_true([&] { return reviews_logged() >= 2; }));
  EXPECT_EQ(reviews_logged(), 2) << "the one at level warn must not be there";
}

TEST(ConfigReload, ABadOneKeepsTheOldOneIsCountedOnceAndSaid) {
  Daemon daemon({.config = "mesh: {smcEnabled: false}"});
  daemon.write_config("mesh: {smcEnabled: maybe}");
  ASSERT_TRUE(daemon.metric_becomes(reloads("config", "error"), 1));
  EXPECT_FALSE(patched(daemon));
  const json said = daemon.logged("configuration not reloaded, the old one stays");
  EXPECT_EQ(said["level"], "error");
  EXPECT_THAT(said["error"].get<std::string>(), HasSubstr("mesh.smcEnabled"));
  EXPECT_THAT(said["hint"].get<std::string>(), HasSubstr("check-config"));
  daemon.write_config("{}");
  EXPECT_TRUE(becomes_true([&] { return patched(daemon); }));
  EXPECT_EQ(daemon.metric(reloads("config", "error")), 1);
}

TEST(ConfigReload, AVanishedOneKeepsTheOldOne) {
  Daemon daemon({.config = "mesh: {smcEnabled: false}"});
  daemon.config().write({});
  ASSERT_TRUE(daemon.metric_becomes(reloads("config", "error"), 1));
  EXPECT_FALSE(patched(daemon));
}

// inotify watches the folder that holds the name; here the content changes behind a symlink that
// leads elsewhere, as on a network file system it would change on another machine.
TEST(Poll, SeesWhatInotifyDoesNot) {
  const test::TemporaryDirectory elsewhere;
  const certs::KeyPair first = new_serving_pair();
  const certs::KeyPair next = new_serving_pair();
  const auto write = [&elsewhere](const certs::KeyPair& pair, const std::string& config) {
    for (const auto& [name, content] : files_of(pair))
      ASSERT_TRUE(write_file_atomic(elsewhere.file(name), content, 0600));
    ASSERT_TRUE(write_file_atomic(elsewhere.file("config.yaml"), config, 0600));
  };
  write(first, "{}");
  const test::TemporaryDirectory here;
  for (const char* name : {"tls.crt", "tls.key", "config.yaml"})
    std::filesystem::create_symlink(elsewhere.file(name), here.file(name));
  Daemon daemon({.flags = {{"--tls-cert", here.file("tls.crt")},
                           {"--tls-key", here.file("tls.key")},
                           {"--config", here.file("config.yaml")}}});
  write(next, "mesh: {smcEnabled: false}");
  EXPECT_TRUE(becomes_true([&] { return shows(daemon, next) && !patched(daemon); }));
}

}  // namespace
}  // namespace smc::webhook
