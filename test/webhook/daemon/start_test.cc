// How `serve` starts: what its flags and their environment twins say, and what is said on standard
// error where it cannot.
#include <filesystem>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/file.h"
#include "test/support/child.h"
#include "test/webhook/daemon/daemon.h"
#include "test/webhook/https/certificates.h"

namespace smc::webhook {
namespace {

using testing::HasSubstr;

// A port of loopback that somebody has.
class TakenPort {
 public:
  TakenPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(socket_.get(), generic, length), 0);
    EXPECT_EQ(::listen(socket_.get(), 1), 0);
    EXPECT_EQ(::getsockname(socket_.get(), generic, &length), 0);
    text = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  std::string text;

 private:
  Fd socket_;
};

class Start : public testing::Test {
 protected:
  Start() {
    put("tls.crt", serving_.certificate_pem);
    put("tls.key", serving_.key_pem);
  }
  void put(const std::string& name, const std::string& content) const {
    ASSERT_TRUE(write_file_atomic(directory_.file(name), content, 0600));
  }
  std::string file(const std::string& name) const { return directory_.file(name); }

  // With flags with which it would start, but for those `changed`.
  test::Ran serve(Values changed) const {
    changed.merge(Values{{"--listen", "127.0.0.1:0"},
                         {"--health-listen", "127.0.0.1:0"},
                         {"--tls-cert", file("tls.crt")},
                         {"--tls-key", file("tls.key")}});
    test::ChildOptions options{.arguments = {"serve"}};
    for (const auto& [name, value] : changed) {
      options.arguments.push_back(name);
      options.arguments.push_back(value);
    }
    return test::run(kProgram, options);
  }
  // It ends with 2 and one line that says `what` and gives a hint.
  void expect_refused(const std::string& flag, const std::string& value,
                      const std::string& what) const {
    const test::Ran ran = serve({{flag, value}});
    EXPECT_EQ(ran.code, 2) << flag << " " << value;
    EXPECT_EQ(ran.out, "") << flag << " " << value;
    EXPECT_THAT(ran.err, HasSubstr(what)) << flag << " " << value;
    EXPECT_THAT(ran.err, testing::MatchesRegex("smc-webhook: error: [^\n]*\nhint: [^\n]+\n"))
        << flag << " " << value;
  }

  certs::KeyPair serving_ = new_serving_pair();
  test::TemporaryDirectory directory_;
};

TEST_F(Start, WithoutACertificateIsRefused) {
  expect_refused("--tls-cert", file("none"), "No such file or directory (errno 2)");
  expect_refused("--tls-key", file("none"), file("none"));
  expect_refused("--client-ca", file("none"), file("none"));
}

TEST_F(Start, WithAFileThatCannotBeReadIsRefused) {
  std::filesystem::create_directory(file("folder"));
  expect_refused("--tls-key", file("folder"), "Is a directory (errno 21)");
  put("large", std::string((1 << 20) + 1, 'x'));
  expect_refused("--tls-cert", file("large"), "larger than 1048576 bytes");
}

TEST_F(Start, WithWhatIsNoCertificateOrNoPairIsRefused) {
  put("malformed", "malformed");
  expect_refused("--tls-cert", file("malformed"), "certificate");
  expect_refused("--tls-key", file("malformed"), "key");
  expect_refused("--client-ca", file("malformed"), "client CA");
  put("other.key", new_serving_pair().key_pem);
  expect_refused("--tls-key", file("other.key"), "mismatch");
}

// "Configured" and "holds something" are two things.
TEST_F(Start, WithAClientCaThatHoldsNoCertificateIsRefused) {
  put("empty", "");
  expect_refused("--client-ca", file("empty"), "read the client CA");
  expect_refused("--client-ca", file("tls.key"), "read the client CA");
}

// It would wait for somebody to write, for ever.
TEST_F(Start, WithAFifoOrADeviceForAFileIsRefused) {
  ASSERT_EQ(::mkfifo(file("fifo").c_str(), 0600), 0);
  for (const char* flag : {"--tls-cert", "--tls-key", "--client-ca", "--config"}) {
    expect_refused(flag, file("fifo"), "is no regular file");
    expect_refused(flag, "/dev/zero", "is no regular file");
  }
}

TEST_F(Start, WithAMemoryLimitThatIsNoneIsRefused) {
  for (const char* limit : {"lots", "-1", "1.5"})
    expect_refused("--memory-limit", limit, "--memory-limit");
}

TEST_F(Start, OnATakenPortIsRefused) {
  const TakenPort taken;
  expect_refused("--listen", taken.text, taken.text + ": Address already in use (errno 98)");
  expect_refused("--health-listen", taken.text, taken.text + ": Address already in use");
}

TEST_F(Start, OnWhatIsNoAddressOfOursIsRefused) {
  for (const char* address : {"", "8443", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:8443",
                              "127.0.0.1:x", "127.0.0.1:-1"})
    for (const char* flag : {"--listen", "--health-listen"})
      expect_refused(flag, address, "is not HOST:PORT");
  // of TEST-NET-1 (RFC 5737), which no machine has
  expect_refused("--listen", "192.0.2.1:0", "Cannot assign requested address");
  expect_refused("--health-listen", "192.0.2.1:0", "Cannot assign requested address");
}

TEST_F(Start, WithABadConfigurationIsRefusedWithEveryMistake) {
  put("config.yaml", "log: {level: loud}\n");
  expect_refused("--config", file("config.yaml"), "config.yaml:1: log.level");
  expect_refused("--config", file("none"), "No such file or directory");
  put("config.yaml", "log: {level: loud}\nserver: {idleTimeout: 5s}\n");
  const test::Ran ran = serve({{"--config", file("config.yaml")}});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr("config.yaml:1: log.level"));
  EXPECT_THAT(ran.err, HasSubstr("config.yaml:2: server.idleTimeout"));
  EXPECT_THAT(ran.err, HasSubstr("hint: smc-webhook check-config "));
}

TEST_F(Start, WithAnUnknownFlagIsWrongUsage) {
  const test::Ran ran = test::run(kProgram, {.arguments = {"serve", "--lisen=127.0.0.1:0"}});
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.err, HasSubstr("--lisen"));
}

TEST_F(Start, OnPort0SaysWhichPortItTookAtAnyLevel) {
  for (const char* level : {"debug", "warn", "error"}) {
    const Daemon daemon({.config = "log: {level: " + std::string(level) + "}"});
    EXPECT_EQ(daemon.review_status(), 200) << level;
    EXPECT_EQ(daemon.get("/healthz").status, 200) << level;
  }
}

// Everything that `serve` needs, said by the environment alone.
class Twins : public Start {
 protected:
  void SetUp() override {
    put("clients.crt", clients_.certificate_pem);
    put("config.yaml", "log: {level: debug}\n");
    options_.usual_flags = false;
    options_.environment = {{"SMC_WEBHOOK_CONFIG", file("config.yaml")},
                            {"SMC_WEBHOOK_LISTEN", "127.0.0.1:0"},
                            {"SMC_WEBHOOK_HEALTH_LISTEN", "127.0.0.1:0"},
                            {"SMC_WEBHOOK_TLS_CERT", file("tls.crt")},
                            {"SMC_WEBHOOK_TLS_KEY", file("tls.key")},
                            {"SMC_WEBHOOK_CLIENT_CA", file("clients.crt")}};
  }

  const certs::KeyPair clients_ = *certs::make_authority(std::chrono::system_clock::now());
  DaemonOptions options_;
};

TEST_F(Twins, EachFlagHasOneInTheEnvironment) {
  Daemon daemon(options_);
  const certs::KeyPair mine = client_pair(clients_);
  TlsClient client = daemon.client({.certificate = &mine});
  ASSERT_TRUE(client.handshake());
  const auto answer = client.exchange(post_request(plain_review()));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(daemon.logged("review")["level"], "debug") << "the configuration was not read";
  EXPECT_EQ(daemon.logged("listening")["client_certificates"], true);
  EXPECT_EQ(daemon.get("/healthz").status, 200);
}

TEST_F(Twins, TheFlagWins) {
  put("good.yaml", "log: {level: debug}\n");
  for (auto& [name, value] : options_.environment) value = "/nowhere/at:all";
  options_.environment["SMC_WEBHOOK_CLIENT_CA"] = file("clients.crt");
  options_.flags = {{"--config", file("good.yaml")},    {"--listen", "127.0.0.1:0"},
                    {"--health-listen", "127.0.0.1:0"}, {"--tls-cert", file("tls.crt")},
                    {"--tls-key", file("tls.key")},     {"--client-ca", file("tls.crt")}};
  Daemon daemon(options_);
  const certs::KeyPair mine = client_pair(clients_);
  TlsClient client = daemon.client({.certificate = &mine});
  EXPECT_FALSE(client.handshake() && client.exchange(post_request(plain_review())))
      << "--client-ca names another authority than the environment";
}

}  // namespace
}  // namespace smc::webhook
