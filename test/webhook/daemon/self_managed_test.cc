// The flags of a certificate that the webhook issues itself.
#include <fstream>
#include <mutex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "test/kube/fake_api.h"
#include "test/webhook/daemon/daemon.h"
#include "test/webhook/https/certificates.h"

namespace smc::webhook {
namespace {

using nlohmann::json;
using testing::HasSubstr;

Values self_managed_flags() {
  return {{"--listen", "127.0.0.1:0"},
          {"--health-listen", "127.0.0.1:0"},
          {"--self-managed-secret", "ns/ca"},
          {"--webhook-configuration", "hook"},
          {"--service-name", "web.ns.svc"}};
}

void expect_refused(const std::string& flag, const std::string& value, const std::string& what) {
  test::ChildOptions options{.arguments = {"serve"}};
  Values flags = self_managed_flags();
  flags[flag] = value;
  for (const auto& [name, text] : flags) {
    options.arguments.push_back(name);
    options.arguments.push_back(text);
  }
  const test::Ran ran = test::run(kProgram, options);
  EXPECT_EQ(ran.code, 2) << flag << " " << value;
  EXPECT_THAT(ran.err, HasSubstr(what)) << flag << " " << value;
  EXPECT_THAT(ran.err, testing::MatchesRegex("smc-webhook: error: [^\n]*\nhint: [^\n]+\n"));
}

TEST(SelfManagedFlags, ThatNameNoObjectAreRefused) {
  for (const char* secret : {"ca", "/ca", "ns/", "ns/ca/x"})
    expect_refused("--self-managed-secret", secret, "NAMESPACE/NAME");
  expect_refused("--webhook-configuration", "", "--webhook-configuration");
  expect_refused("--service-name", "a b", "--service-name");
}

// The API server would refuse them too, but only on the day on which the Secret has to be made.
TEST(SelfManagedFlags, MarksThatKubernetesDoesNotTakeAreRefused) {
  for (const char* marks : {"a", "=b", "a=b,,c=d", "a b=c", "/a=b"}) {
    expect_refused("--secret-labels", marks, "--secret-labels holds \"");
    expect_refused("--secret-annotations", marks, "--secret-annotations holds \"");
  }
  expect_refused("--secret-labels", "a=b c", "--secret-labels holds \"a=b c\"");
}

TEST(SelfManagedFlags, AClientCaThatHoldsNoCertificateIsRefused) {
  const smc::test::TemporaryDirectory directory;
  std::ofstream(directory.file("empty"));
  expect_refused("--client-ca", directory.file("empty"), "read the client CA");
}

TEST(SelfManagedFlags, AFifoForTheKubeconfigIsRefused) {
  const smc::test::TemporaryDirectory directory;
  ASSERT_EQ(::mkfifo(directory.file("fifo").c_str(), 0600), 0);
  expect_refused("--kubeconfig", directory.file("fifo"), "is no regular file");
}

// An API server without the Secret, which takes nothing but the one that is made.
class MissingSecretsApi {
 public:
  MissingSecretsApi() : api_([this](const auto& q, auto& r) { handle(q, r); }) {}

  std::string kubeconfig() const {
    const std::string server = "http://127.0.0.1:" + std::to_string(api_.port());
    return json{{"current-context", "c"},
                {"clusters", json::array({{{"name", "c"}, {"cluster", {{"server", server}}}}})},
                {"users", json::array({{{"name", "u"}, {"user", {{"token", "secret"}}}}})},
                {"contexts",
                 json::array({{{"name", "c"}, {"context", {{"cluster", "c"}, {"user", "u"}}}}})}}
        .dump();
  }
  json made() {
    const std::lock_guard lock(mutex_);
    return made_;
  }

 private:
  void handle(const kube::ApiRequest& request, kube::ApiResponse& response) {
    const std::lock_guard lock(mutex_);
    if (request.method == "POST") {
      made_ = json::parse(request.body);
      return kube::answer(response, 500, "{}");
    }
    if (request.path.find("/secrets/") != std::string::npos)
      return kube::answer(response, 404, "{}");
    kube::answer(response, 200, R"({"metadata": {"name": "hook", "uid": "u"},
                                    "webhooks": [{"name": "pods", "clientConfig": {}}]})");
  }

  std::mutex mutex_;
  json made_;
  kube::FakeApi api_;  // last: its threads use all of the above
};

TEST(SelfManagedFlags, MarksAreOnTheSecretThatIsMade) {
  MissingSecretsApi api;
  smc::test::TemporaryDirectory directory;
  std::ofstream(directory.file("kubeconfig")) << api.kubeconfig();
  DaemonOptions options;
  options.usual_flags = false;
  options.flags = self_managed_flags();
  options.flags["--kubeconfig"] = directory.file("kubeconfig");
  options.flags["--secret-labels"] = "app.kubernetes.io/managed-by=Helm,team=";
  options.environment = {{"SMC_WEBHOOK_SECRET_ANNOTATIONS", "a.b/release=x y=z"}};
  const Daemon daemon(options);
  ASSERT_TRUE(becomes_true([&] { return !api.made().is_null(); }));
  const json metadata = api.made()["metadata"];
  EXPECT_EQ(metadata["namespace"], "ns");
  EXPECT_EQ(metadata["name"], "ca");
  EXPECT_EQ(metadata["labels"], json({{"app.kubernetes.io/managed-by", "Helm"}, {"team", ""}}));
  EXPECT_EQ(metadata["annotations"], json({{"a.b/release", "x y=z"}}));
}

TEST(SelfManagedFlags, AnEmptiedClientCaIsRefusedBeforeThereIsACertificateToo) {
  MissingSecretsApi api;
  const smc::test::TemporaryDirectory directory;
  std::ofstream(directory.file("kubeconfig")) << api.kubeconfig();
  std::ofstream(directory.file("clients")) << test_authority().certificate_pem;
  DaemonOptions options;
  options.usual_flags = false;
  options.flags = self_managed_flags();
  options.flags["--kubeconfig"] = directory.file("kubeconfig");
  options.flags["--client-ca"] = directory.file("clients");
  const Daemon daemon(options);
  std::ofstream(directory.file("clients"), std::ios::trunc);
  EXPECT_TRUE(daemon.metric_becomes(reloads("certificate", "error"), 1));
  EXPECT_EQ(daemon.metric(reloads("certificate", "ok")), 0);
}

}  // namespace
}  // namespace smc::webhook
