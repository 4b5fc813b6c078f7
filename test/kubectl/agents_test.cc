// The agents behind the API server's proxy: what they are asked, and what their refusals mean.
#include "kubectl/agents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.h"
#include "test/kube/fake_api.h"
#include "test/kubectl/objects.h"

namespace smc::kubectl {
namespace {

using kube::ApiRequest;
using kube::ApiResponse;
using kube::FakeApi;
using testing::ElementsAre;
using testing::HasSubstr;

const AgentPod kAgent{"smc-system", "a1", "node1", "smc-smc-webhook-agent-access", "0.0.9", 9465};

TEST(AgentPods, AreKnownByTheirLabelsAndPorts) {
  const auto agent = agent_pod(own_pod("a1", "agent"));
  ASSERT_TRUE(agent);
  EXPECT_EQ(agent->port, 9465);
  EXPECT_EQ(agent->node, "node1");
  EXPECT_EQ(agent->secret, "smc-smc-webhook-agent-access");
  EXPECT_FALSE(agent_pod(own_pod("w1", "webhook")));
  json ending = own_pod("a1", "agent");
  ending["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
  EXPECT_FALSE(agent_pod(ending));
}

TEST(AgentErrors, ThatNobodyReachesALoopbackAddressIsSaid) {
  for (const char* listen : {"--listen=[127.0.0.1]:9465", "--listen=[::1]:9465"}) {
    json pod = own_pod("a1", "agent");
    pod["spec"]["containers"][0]["args"] = {"run", listen};
    const auto agent = agent_pod(pod);
    ASSERT_TRUE(agent) << listen;
    EXPECT_THAT(agent_error(*agent, "GET", 503, "connection refused").hint,
                HasSubstr("agent.listenAddress empty"))
        << listen;
  }
  json pod = own_pod("a1", "agent");
  pod["spec"]["containers"][0]["args"] = {"run", "--listen=[$(HOST_IP)]:9465"};
  EXPECT_THAT(agent_error(*agent_pod(pod), "GET", 503, "refused").hint,
              HasSubstr("is the pod ready"));
}

struct Refusal {
  int status;
  const char* body;
  const char* what;
  const char* hint;
};

TEST(AgentErrors, SayWhoRefusedAndWhatHelps) {
  const std::string by = "GET the agent of node node1 (smc-system/a1): ";
  for (const Refusal& refusal : {
           Refusal{403, R"({"kind":"Status","reason":"Forbidden","message":"no pods/proxy"})",
                   "403: no pods/proxy",
                   "bind the Role of the README's section \"On call\" in namespace smc-system: "
                   "pods (list), pods/proxy (get, create), secrets (get "
                   "smc-smc-webhook-agent-access)"},
           Refusal{401, R"({"kind":"Status","message":"Unauthorized"})", "401: Unauthorized",
                   "the token or client certificate is expired: log in again"},
           Refusal{404, R"({"kind":"Status","message":"pods a1 not found"})",
                   "404: pods a1 not found",
                   "the agent's pod is gone or being replaced: try again"},
           Refusal{403, R"({"error":"wrong token","hint":"read the Secret again"})",
                   "403: wrong token", "read the Secret again"},
           Refusal{404, R"({"error":"no such pod here","hint":""})", "404: no such pod here", ""},
           Refusal{404, "Not Found\n",
                   "404: it does not know this question: version 0.0.9 is older",
                   "upgrade the release: helm upgrade"},
           Refusal{502, "bad\x01gateway", "502: bad?gateway",
                   "the API server cannot reach the agent at its port 9465: is the pod ready, and "
                   "is no firewall between?"},
       }) {
    const auto error = agent_error(kAgent, "GET", refusal.status, refusal.body);
    EXPECT_EQ(error.what, by + refusal.what);
    EXPECT_EQ(error.hint, refusal.hint);
    EXPECT_EQ(error.status, refusal.status);
  }
}

// Agents as an API server passes them on.
class AgentsBehindAnApi : public testing::Test {
 protected:
  void handle(const ApiRequest& request, ApiResponse& response) {
    if (request.path.ends_with("/secrets/smc-smc-webhook-agent-access")) {
      const std::string body = R"({"data":{"token":")" + base64_encode("t0k") + R"("}})";
      return answer(response, secret_status_,
                    secret_status_ == 200 ? body : kube::status_body("Forbidden", secret_status_));
    }
    if (request.path.find("/proxy/") != std::string::npos) {
      token_ = request.header("X-Smc-Agent-Token");
      return answer(response, 200, answer_);
    }
    json list = {{"metadata", {{"resourceVersion", "1"}}},
                 {"items", json::array({own_pod("a1", "agent"), own_pod("w1", "webhook")})}};
    answer(response, 200, list.dump());
  }

  int secret_status_ = 200;
  std::string answer_ = R"({"node":"node1"})";
  std::string token_;
  FakeApi api_{
      [this](const ApiRequest& request, ApiResponse& response) { handle(request, response); }};
  kube::Stop stop_;
  kube::Client client_{api_.cluster(), stop_, kube::client_options()};
  Agents agents_{client_};
};

TEST_F(AgentsBehindAnApi, AreAskedWithTheTokenOfTheirSecret) {
  ASSERT_TRUE(agents_.find("smc-system"));
  const AgentPod* agent = agents_.on_node("node1");
  ASSERT_NE(agent, nullptr);
  EXPECT_EQ(agents_.on_node("node2"), nullptr);
  const auto answer = agents_.ask(*agent, "GET", "/v1/status?pod=shop%2Fweb");
  ASSERT_TRUE(answer) << answer.error().what;
  EXPECT_EQ((*answer)["node"], "node1");
  EXPECT_EQ(token_, "t0k");
  ASSERT_TRUE(agents_.ask(*agent, "POST", "/v1/syn-check?target=h%3A80"));
  EXPECT_THAT(
      api_.requests(),
      ElementsAre(HasSubstr("GET /api/v1/namespaces/smc-system/pods?limit=50&labelSelector="),
                  "GET /api/v1/namespaces/smc-system/secrets/smc-smc-webhook-agent-access",
                  "GET /api/v1/namespaces/smc-system/pods/a1:9465/proxy/v1/status?pod=shop%2Fweb",
                  "POST /api/v1/namespaces/smc-system/pods/a1:9465/proxy/v1/syn-check?"
                  "target=h%3A80"));
}

TEST_F(AgentsBehindAnApi, WithoutTheRightToTheTokenTheRoleIsNamed) {
  secret_status_ = 403;
  const auto refused = agents_.ask(kAgent, "GET", "/v1/status");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().hint, HasSubstr("bind the Role of the README"));
  secret_status_ = 404;
  EXPECT_THAT(agents_.ask(kAgent, "GET", "/v1/status").error().hint, HasSubstr("older release"));
}

TEST_F(AgentsBehindAnApi, AnAnswerThatIsNoJsonObjectIsAnError) {
  for (const char* malformed : {"", "[]", "<html>", "{\"a\":"}) {
    answer_ = malformed;
    const auto answer = agents_.ask(kAgent, "GET", "/v1/status");
    ASSERT_FALSE(answer) << malformed;
    EXPECT_THAT(answer.error().what, HasSubstr("its answer is no JSON object")) << malformed;
  }
}

}  // namespace
}  // namespace smc::kubectl
