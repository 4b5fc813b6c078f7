// Credential plug-ins as processes: what they are told, what is taken from them, and every way in
// which they fail.
#include "kubectl/exec_credential.h"

#include <chrono>
#include <filesystem>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "test/support/temporary_directory.h"

namespace smc::kubectl {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr const char* kToken =
    R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential",)"
    R"("status":{"token":"abc","expirationTimestamp":"2030-01-02T03:04:05Z"}})";

class Plugin : public testing::Test {
 protected:
  // A plug-in that is this shell script.
  kube::ExecPlugin script(const std::string& text) const {
    const std::string file = directory_.file("plugin");
    EXPECT_TRUE(write_file_atomic(file, "#!/bin/sh\n" + text + "\n", 0700));
    kube::ExecPlugin plugin;
    plugin.api_version = kube::kExecV1;
    plugin.command = file;
    plugin.origin = "config";
    plugin.mode = kube::InteractiveMode::kNever;
    return plugin;
  }

  kube::ExecPlugin printing(const std::string& output) const {
    return script("cat <<'END'\n" + output + "\nEND");
  }

  Result<Credential> run(const kube::ExecPlugin& plugin) const {
    return run_plugin(plugin, cluster_, stop_, limits_);
  }

  std::string error_of(const kube::ExecPlugin& plugin) const {
    const auto credential = run(plugin);
    EXPECT_FALSE(credential);
    return credential ? "" : credential.error().text();
  }

  test::TemporaryDirectory directory_;
  kube::Cluster cluster_;
  kube::Stop stop_;
  PluginLimits limits_;
};

TEST_F(Plugin, GivesATokenAndItsEnd) {
  const auto credential = run(printing(kToken));
  ASSERT_TRUE(credential) << credential.error().text();
  EXPECT_EQ(credential->token, "abc");
  ASSERT_TRUE(credential->expires);
  EXPECT_EQ(std::chrono::system_clock::to_time_t(*credential->expires), 1893553445);
}

TEST_F(Plugin, GivesAClientCertificate) {
  json answer = json::parse(kToken);
  answer["status"] = {{"clientCertificateData", "CERT"}, {"clientKeyData", "KEY"}};
  const auto credential = run(printing(answer.dump()));
  ASSERT_TRUE(credential) << credential.error().text();
  EXPECT_EQ(credential->client_certificate, "CERT");
  EXPECT_EQ(credential->client_key, "KEY");
  EXPECT_FALSE(credential->expires);
}

TEST_F(Plugin, IsToldItsArgumentsItsEnvironmentAndTheCluster) {
  const std::string file = directory_.file("told");
  kube::ExecPlugin plugin = script(
      "printf '%s\\n%s\\n%s' \"$1 $2\" \"$PROFILE\" "
      "\"$KUBERNETES_EXEC_INFO\" > " +
      file + "\necho '" + kToken + "'");
  plugin.arguments = {"get token", "$HOME"};
  plugin.environment = {{"PROFILE", "prod"}};
  plugin.wants_cluster = true;
  cluster_.host = "api.example.com";
  cluster_.authority.data = "CA";
  ASSERT_TRUE(run(plugin));
  const std::string told = *read_file(file, 4096);
  EXPECT_THAT(told, testing::StartsWith("get token $HOME\nprod\n{"));
  const json info = json::parse(told.substr(told.find('{')));
  EXPECT_EQ(info, json::parse(R"({"apiVersion":"client.authentication.k8s.io/v1",
      "kind":"ExecCredential","spec":{"interactive":false,"cluster":{
      "server":"https://api.example.com:443","certificate-authority-data":"Q0E="}}})"));
}

TEST_F(Plugin, WithoutOneToStartSaysHowToGetIt) {
  kube::ExecPlugin plugin = script("");
  plugin.command = "no-such-plugin-anywhere";
  plugin.install_hint = "install the provider's tool";
  const auto credential = run(plugin);
  ASSERT_FALSE(credential);
  EXPECT_EQ(credential.error().text(),
            "credential plug-in no-such-plugin-anywhere: cannot be started: No such file or "
            "directory (errno 2)");
  EXPECT_EQ(credential.error().hint, "install the provider's tool");
}

TEST_F(Plugin, ThatHangsIsEndedWithAllThatItStarted) {
  limits_.time = std::chrono::milliseconds(300);
  const std::string file = directory_.file("late");
  EXPECT_THAT(error_of(script("(sleep 2; touch " + file + ") & sleep 60")),
              HasSubstr("no answer within"));
  // Its child would have written by now, had it been left.
  std::this_thread::sleep_for(std::chrono::seconds(3));
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_F(Plugin, ThatClosesItsOutputAndHangsIsEnded) {
  limits_.time = std::chrono::milliseconds(300);
  EXPECT_THAT(error_of(script("exec >&-; sleep 60")), HasSubstr("no answer within"));
}

TEST_F(Plugin, ThatPrintsWithoutEndIsEnded) {
  limits_.output_bytes = 10'000;
  EXPECT_THAT(error_of(script("exec yes")), HasSubstr("it printed more than 10000 bytes"));
}

TEST_F(Plugin, IsEndedByAnInterruption) {
  stop_.request();
  EXPECT_THAT(error_of(script("sleep 60")), HasSubstr("interrupted"));
}

TEST_F(Plugin, ThatFailsIsNamedWithItsStatus) {
  EXPECT_THAT(error_of(script("exit 7")), HasSubstr("it ended with exit status 7"));
  EXPECT_THAT(error_of(script("kill -9 $$")), HasSubstr("it was ended by signal 9"));
}

TEST_F(Plugin, WhoseAnswerCannotBeUsedIsNamed) {
  EXPECT_THAT(error_of(printing("Please log in\x07")),
              HasSubstr("it printed no JSON object: \"Please log in"));
  EXPECT_THAT(error_of(printing("")), HasSubstr("it printed no JSON object"));
  EXPECT_THAT(error_of(printing(R"({"kind":"ExecCredential","apiVersion":"v0"})")),
              HasSubstr("it printed kind \"ExecCredential\" of \"v0\""));
  const auto with_status = [](const char* status) {
    json answer = json::parse(kToken);
    answer["status"] = json::parse(status);
    return answer.dump();
  };
  EXPECT_THAT(error_of(printing(with_status("{}"))), HasSubstr("neither a token nor"));
  EXPECT_THAT(error_of(printing(with_status("null"))), HasSubstr("neither a token nor"));
  EXPECT_THAT(error_of(printing(with_status(R"({"clientKeyData":"K"})"))),
              HasSubstr("a client certificate without a key"));
  EXPECT_THAT(error_of(printing(with_status(R"({"token":"t","expirationTimestamp":"soon"})"))),
              HasSubstr("its expirationTimestamp is \"soon\""));
}

TEST_F(Plugin, ThatNeedsAPersonIsRefusedWithoutATerminal) {
  const Fd terminal(::dup(STDIN_FILENO));
  const Fd none(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(::dup2(none.get(), STDIN_FILENO), STDIN_FILENO);
  kube::ExecPlugin plugin = printing(kToken);
  plugin.mode = kube::InteractiveMode::kAlways;
  const std::string error = error_of(plugin);
  ::dup2(terminal.get(), STDIN_FILENO);
  EXPECT_THAT(error, HasSubstr("standard input is no terminal"));
}

TEST(Expiry, IsReadWithOffsetsAndFractions) {
  kube::ExecPlugin plugin;
  plugin.api_version = kube::kExecV1;
  for (const char* time :
       {"2030-01-02T03:04:05Z", "2030-01-02T04:04:05+01:00", "2030-01-02T03:04:05.678Z"}) {
    json answer = json::parse(kToken);
    answer["status"]["expirationTimestamp"] = time;
    const auto credential = parse_credential(plugin, answer.dump());
    ASSERT_TRUE(credential) << time << ": " << credential.error().what;
    EXPECT_EQ(std::chrono::system_clock::to_time_t(*credential->expires), 1893553445) << time;
  }
}

}  // namespace
}  // namespace smc::kubectl
