// kubectl-smc as a person starts it, against an API server that the test plays.
#include <csignal>
#include <mutex>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/file.h"
#include "test/kube/fake_api.h"
#include "test/kubectl/objects.h"
#include "test/support/child.h"

namespace smc::kubectl {
namespace {

using kube::ApiRequest;
using kube::ApiResponse;
using kube::FakeApi;
using test::Ran;
using testing::HasSubstr;

constexpr const char* kProgramFile = SMC_BIN_DIR "/kubectl-smc";

// A cluster with one agent, one injected pod and what a test changes.
class Program : public testing::Test {
 protected:
  Program() { write_config("token: secret"); }

  void write_config(const std::string& user) const {
    EXPECT_TRUE(write_file_atomic(
        config_,
        "current-context: here\ncontexts: [{name: here, context: {cluster: c, user: u, namespace: "
        "shop}}]\nclusters: [{name: c, cluster: {server: 'http://127.0.0.1:" +
            std::to_string(api_.port()) + "'}}]\nusers: [{name: u, user: {" + user + "}}]\n",
        0600));
  }

  static json list_of(json items) {
    return {{"metadata", {{"resourceVersion", "1"}}}, {"items", std::move(items)}};
  }

  // The first answer that a test has set for the beginning of a path.
  bool answered(const ApiRequest& request, ApiResponse& response) {
    const std::lock_guard lock(mutex_);
    for (const auto& [path, said] : answers_)
      if (request.path.starts_with(path)) {
        answer(response, said.first, said.second);
        return true;
      }
    return false;
  }

  void handle(const ApiRequest& request, ApiResponse& response) {
    const std::string& path = request.path;
    if (answered(request, response)) return;
    set_authorization(request.header("Authorization"));
    json body = list_of(json::array());
    if (path == "/api/v1/nodes") body = list_of(json::array({object("", "node1")}));
    if (path == "/version") body = {{"gitVersion", "v1.29.3"}};
    if (path.ends_with("/secrets/smc-smc-webhook-agent-access"))
      body = {{"data", {{"token", base64_encode("t")}}}};
    if (path == "/api/v1/namespaces/shop/pods/web-1") body = web_;
    if (path == "/api/v1/namespaces/shop/pods") {
      body = list_of(json::array({web_}));
      if (request.method == "POST") body = injected(pod("shop", "probe"));
    }
    if (path == "/api/v1/pods")
      body = list_of(request.parameter("labelSelector").empty()
                         ? json::array({web_})
                         : json::array({own_pod("a1", "agent")}));
    if (path.ends_with("/proxy/v1/status")) body = agent_status(request.parameter("pod"));
    if (path.ends_with("/proxy/v1/syn-check")) body = syn_;
    if (path.ends_with("/proxy/metrics")) return answer(response, 200, "smc_node_candidate 1\n");
    answer(response, 200, body.dump());
  }

  static json agent_status(const std::string& asked) {
    const json of_pod = {{"namespace", "shop"}, {"name", "web-1"},
                         {"setUp", true},       {"result", "verified"},
                         {"switch", "tcp2smc"}, {"connections", {{"smc-r", 2}}}};
    if (!asked.empty()) return of_pod;
    return {{"node", "node1"},
            {"ready", true},
            {"switch", "tcp2smc"},
            {"version", kVersion},
            {"pods", json::array({of_pod})}};
  }

  void set(const std::string& path, int status, const std::string& body) {
    const std::lock_guard lock(mutex_);
    answers_[path] = {status, body};
  }

  test::ChildOptions options(std::vector<std::string> arguments) const {
    test::ChildOptions out;
    out.arguments = std::move(arguments);
    out.environment = {{"KUBECONFIG", config_}};
    return out;
  }

  Ran run(std::vector<std::string> arguments) const {
    return test::run(kProgramFile, options(std::move(arguments)));
  }

  void set_authorization(const std::string& value) {
    const std::lock_guard lock(mutex_);
    authorization_ = value;
  }

  test::TemporaryDirectory directory_;
  std::string config_ = directory_.file("config");
  std::mutex mutex_;
  std::map<std::string, std::pair<int, std::string>> answers_;
  std::string authorization_;  // of the last request
  json web_ = injected(pod("shop", "web-1"));
  json syn_ = {{"target", "db:5432"}, {"verdict", "replay"}, {"hint", "exclude it"}, {"exit", 4}};
  FakeApi api_{
      [this](const ApiRequest& request, ApiResponse& response) { handle(request, response); }};
};

TEST_F(Program, CheckPrintsItsGroupsAndAVerdict) {
  const Ran ran = run({"check"});
  EXPECT_EQ(ran.code, 2);  // this cluster has no webhook object
  EXPECT_THAT(ran.out, HasSubstr("API server\n----------\n√ 127.0.0.1:"));
  EXPECT_THAT(ran.out, HasSubstr("× no MutatingWebhookConfiguration of the project\n    hint: "));
  EXPECT_THAT(ran.out, HasSubstr("√ an annotated pod in namespace shop is injected"));
  EXPECT_THAT(ran.out, HasSubstr("√ 1 node ready for SMC-R"));
  EXPECT_THAT(ran.out, HasSubstr("verdict: × "));
  EXPECT_EQ(ran.out.find('\x1b'), std::string::npos) << "colour without a terminal";
  EXPECT_EQ(ran.err, "");
  const json out = json::parse(run({"check", "-o", "json"}).out);
  EXPECT_EQ(out["verdict"], "fail");
  EXPECT_EQ(out["groups"].size(), 9U);
}

TEST_F(Program, CheckThatMayNotReadAllSaysSoAndIsNotWell) {
  set("/api/v1/nodes", 403, kube::status_body("Forbidden", 403));
  set("/apis/admissionregistration.k8s.io", 403, kube::status_body("Forbidden", 403));
  const Ran ran = run({"check"});
  EXPECT_EQ(ran.code, 3) << ran.out;
  EXPECT_THAT(ran.out, HasSubstr("‼ nodes could not be read: list nodes: 403 Forbidden: because\n"
                                 "    hint: RBAC must grant this client the verb \"list\""));
}

TEST_F(Program, CheckReadsListsInPagesAndCreatesNothing) {
  ASSERT_EQ(run({"check"}).code, 2);
  for (const std::string& request : api_.requests()) {
    const bool is_list =
        request.find('?') != std::string::npos && request.find("proxy") == std::string::npos;
    if (request.starts_with("POST")) {
      EXPECT_EQ(request, "POST /api/v1/namespaces/shop/pods?dryRun=All");
    } else if (is_list) {
      EXPECT_THAT(request, HasSubstr("limit=500"));
    }
  }
}

TEST_F(Program, StatusShowsAPodAndAllOfANamespace) {
  const Ran one = run({"status", "web-1"});
  EXPECT_EQ(one.code, 0) << one.err;
  EXPECT_THAT(one.out, testing::StartsWith("pod          shop/web-1 on node node1\n"));
  const Ran all = run({"status", "-A"});
  EXPECT_EQ(all.code, 0) << all.err;
  EXPECT_THAT(all.out, HasSubstr("connections  smc-r 2, smc-d 0, tcp 0"));
  const Ran node = run({"status", "--node", "node1"});
  EXPECT_EQ(node.code, 0) << node.err;
  EXPECT_THAT(node.out, HasSubstr("node1  yes    tcp2smc  1     "));
  const json out = json::parse(run({"status", "pod/web-1", "-o", "json"}).out);
  EXPECT_EQ(out["pods"][0]["connections"]["smc-r"], 2);
}

TEST_F(Program, SynCheckEndsWithTheAgentsVerdict) {
  const Ran ran = run({"syn-check", "web-1", "db:5432"});
  EXPECT_EQ(ran.code, 4);
  EXPECT_THAT(ran.out, HasSubstr("verdict: replay\nhint: exclude it\n"));
  EXPECT_THAT(api_.requests().back(),
              testing::EndsWith("/proxy/v1/syn-check?pod=shop%2Fweb-1&target=db%3A5432"));
}

TEST_F(Program, ExplainNeedsNoCluster) {
  const Ran ran = test::run(kProgramFile, {.arguments = {"explain", "03010000"},
                                           .environment = {{"KUBECONFIG", "/nonexistent"}}});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("the peer does not speak SMC"));
  const json out = json::parse(run({"explain", "peer_no_smc", "-o", "json"}).out);
  EXPECT_EQ(out[0]["code"], "03010000");
  EXPECT_EQ(run({"explain", "deadbeef"}).code, 1);
}

TEST_F(Program, AWrongContextNamesThoseThatThereAre) {
  const Ran ran = run({"check", "--context", "there"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr("contexts has no entry \"there\""));
  EXPECT_THAT(ran.err, HasSubstr("\nhint: there are \"here\"\n"));
}

TEST_F(Program, AnExpiredTokenIsSaidSo) {
  set("/", 401, kube::status_body("Unauthorized", 401));
  const Ran ran = run({"check"});
  EXPECT_EQ(ran.code, 3);
  EXPECT_THAT(ran.err, HasSubstr("401 Unauthorized"));
  EXPECT_THAT(ran.err, HasSubstr("\nhint: the token or client certificate is expired"));
  EXPECT_EQ(run({"status"}).code, 3);
}

TEST_F(Program, WithoutTheRightToAskAgentsTheRoleIsNamed) {
  set("/api/v1/namespaces/smc-system/pods/a1:9465/proxy", 403, kube::status_body("Forbidden", 403));
  const Ran ran = run({"status", "web-1"});
  EXPECT_EQ(ran.code, 3);
  EXPECT_THAT(ran.err, HasSubstr("\nhint: bind the Role of the README's section \"On call\""));
}

TEST_F(Program, AnOlderAgentIsSaidSo) {
  set("/api/v1/namespaces/smc-system/pods/a1:9465/proxy", 404, "Not Found\n");
  for (const auto& command : {std::vector<std::string>{"status", "web-1"},
                              std::vector<std::string>{"syn-check", "web-1", "db:1"}}) {
    const Ran ran = run(command);
    EXPECT_EQ(ran.code, 3);
    EXPECT_THAT(ran.err, HasSubstr("it does not know this question: version"));
    EXPECT_THAT(ran.err, HasSubstr("\nhint: upgrade the release: helm upgrade\n"));
  }
}

TEST_F(Program, APodThatIsGoneIsSaidSo) {
  set("/api/v1/namespaces/shop/pods/web-1", 404, kube::status_body("NotFound", 404));
  const Ran ran = run({"status", "web-1"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr("get pods shop/web-1: 404 NotFound"));
  EXPECT_THAT(ran.err, HasSubstr("\nhint: kubectl get pods -n shop\n"));
}

TEST_F(Program, APodWhoseAgentHasForgottenItIsSaidSo) {
  set("/api/v1/namespaces/smc-system/pods/a1:9465/proxy", 404,
      R"({"error":"no such pod here","hint":"it may have ended"})");
  const Ran ran = run({"status", "web-1"});
  EXPECT_EQ(ran.code, 3);
  EXPECT_THAT(ran.err, HasSubstr("no such pod here\nhint: it may have ended\n"));
}

TEST_F(Program, WatchRepeatsUntilCtrlC) {
  test::Child child(kProgramFile, options({"status", "web-1", "--watch"}));
  const auto shown = [&] {
    std::size_t count = 0;
    const std::string out = child.out();
    for (std::size_t at = out.find("set up"); at != std::string::npos;
         at = out.find("set up", at + 1))
      ++count;
    return count;
  };
  for (int i = 0; i < 300 && shown() < 2; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_GE(shown(), 2U);
  child.signal(SIGINT);
  EXPECT_EQ(child.wait(std::chrono::seconds(5)), 0);
}

TEST_F(Program, CtrlCEndsAPluginThatHangs) {
  const std::string plugin = directory_.file("plugin");
  ASSERT_TRUE(write_file_atomic(
      plugin, "#!/bin/sh\ntouch " + directory_.file("started") + "\nexec sleep 60\n", 0700));
  write_config(
      "exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, "
      "command: " +
      plugin + "}");
  test::Child child(kProgramFile, options({"check"}));
  for (int i = 0; i < 100 && !read_file(directory_.file("started"), 10); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  child.signal(SIGINT);
  EXPECT_EQ(child.wait(std::chrono::seconds(5)), 128 + SIGINT);
  EXPECT_THAT(child.err(), HasSubstr("interrupted while the credential plug-in ran"));
}

TEST_F(Program, APluginGivesTheToken) {
  const std::string plugin = directory_.file("plugin");
  ASSERT_TRUE(write_file_atomic(
      plugin,
      "#!/bin/sh\necho 'logging in' >&2\necho '{\"apiVersion\":\"client.authentication.k8s.io/"
      "v1beta1\",\"kind\":\"ExecCredential\",\"status\":{\"token\":\"from-plugin\"}}'\n",
      0700));
  write_config("exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: " + plugin + "}");
  const Ran ran = run({"status", "web-1"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.err, "logging in\n");
  EXPECT_EQ(authorization_, "Bearer from-plugin");
}

TEST_F(Program, WrongCommandLinesAreUsageErrors) {
  for (const auto& wrong : {std::vector<std::string>{}, std::vector<std::string>{"chek"},
                            std::vector<std::string>{"status", "-o", "yaml"},
                            std::vector<std::string>{"syn-check", "p"},
                            std::vector<std::string>{"status", "banana/web"},
                            std::vector<std::string>{"status", "web-1", "-A"}}) {
    const Ran ran = run(wrong);
    EXPECT_EQ(ran.code, 1) << ran.out;
    EXPECT_THAT(ran.err, HasSubstr("\nhint: "));
  }
}

}  // namespace
}  // namespace smc::kubectl
