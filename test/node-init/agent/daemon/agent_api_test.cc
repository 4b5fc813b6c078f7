// What `kubectl smc` gets from an agent: who is answered, and with what.
#include "node-init/agent/daemon/agent_api.h"

#include <chrono>
#include <fstream>
#include <future>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <nlohmann/json.hpp>

#include "node-init/agent/daemon/access_token.h"
#include "test/node-init/kernel/fake_system.h"
#include "test/support/temporary_directory.h"

namespace smc::node {
namespace {

using nlohmann::json;
using smc::test::TemporaryDirectory;
using testing::HasSubstr;

constexpr const char* kToken = "0123456789abcdef0123456789abcdef";

TEST(AccessTokens, AdmitWhoHasTheFilesTokenAndNobodyWithoutOne) {
  const TemporaryDirectory directory;
  const std::string file = directory.file("token");
  const AccessToken token(file);
  EXPECT_THAT(token.refusal(""), HasSubstr("cannot be read"));
  std::ofstream(file) << "";
  EXPECT_THAT(token.refusal(""), HasSubstr("too short"));
  std::ofstream(file) << "short";
  EXPECT_THAT(token.refusal("short"), HasSubstr("too short"));
  std::ofstream(file) << kToken << "\n";
  EXPECT_EQ(token.refusal(kToken), "");
  EXPECT_THAT(token.refusal(""), HasSubstr("missing"));
  EXPECT_THAT(token.refusal("0123456789abcdef0123456789abcdeF"), HasSubstr("another one"));
  EXPECT_THAT(token.refusal(std::string(kToken) + "x"), HasSubstr("another one"));
  std::ofstream(file) << "a new token of the administrator";
  EXPECT_THAT(token.refusal(kToken), HasSubstr("another one"));
  EXPECT_EQ(token.refusal("a new token of the administrator"), "");
  EXPECT_THAT(AccessToken("").refusal(""), HasSubstr("no access token"));
}

PodFacts pod_named(const std::string& name) {
  PodFacts pod;
  pod.ns = "shop";
  pod.name = name;
  pod.uid = pod.cgroup_uid = "uid-" + name;
  pod.asks_for_smc = pod.injected = pod.running = true;
  return pod;
}

SmcSocket socket_of(SocketMode mode, std::uint32_t reason) {
  SmcSocket socket;
  socket.state = SocketState::kActive;
  socket.mode = mode;
  socket.local_address = "10.9.0.11";
  socket.local_port = 40000;
  socket.peer_address = "10.9.0.12";
  socket.peer_port = 80;
  socket.fallback_reason = reason;
  return socket;
}

class AgentApiTest : public testing::Test {
 protected:
  AgentApiTest() : file_(directory_.file("token")) {
    std::ofstream(file_) << kToken;
    system_.smc_available = system_.smc_loaded = true;
    system_.pod().sockets = {socket_of(SocketMode::kSmcR, 0),
                             socket_of(SocketMode::kTcp, 0x03010000)};
    snapshot_->report.checks = {pass("smc", "loaded"), fail("gids", "none", "set one")};
    Observation& observation = snapshot_->observation;
    observation.active_pnetids = {{"PNA"}};
    ScopeStats& stats = observation.pods["uid-cart-0"];
    NamespaceSetup setup;
    setup.pnetids = {"PNA"};
    setup.programs_use_smc = true;
    stats.setups = {setup};
    stats.sockets[{SocketMode::kSmcR, Hop::kRemote, PeerKind::kSmc}] = 64;
    stats.sockets[{SocketMode::kTcp, Hop::kRemote, PeerKind::kNoSmc}] = 1;
    stats.counts.fallbacks[{Side::kClient, 0x03010000}] = 2;
    stats.counts.fallbacks[{Side::kServer, 0x03010000}] = 1;
    stats.counts.bytes = {{Direction::kSent, 10}, {Direction::kReceived, 20}};
    PodNamespace space;
    space.pod_uid = "uid-cart-0";
    space.ns_paths = {"pod"};
    space.inode = 4026532000;
    observation.spaces = {{"uid-cart-0", space}};
    pods_ = {pod_named("cart-0"), pod_named("cart-1")};
  }

  AgentApi api() {
    AgentApiSources sources;
    sources.node = "node-a";
    sources.snapshot = [this] { return snapshot_; };
    sources.pods = [this] { return pods_; };
    sources.findings = [] { return std::vector<Finding>(); };
    return AgentApi(system_, sources, file_);
  }

  const TemporaryDirectory directory_;
  const std::string file_;
  test::FakeSystem system_;
  std::shared_ptr<AgentSnapshot> snapshot_ = std::make_shared<AgentSnapshot>();
  std::vector<PodFacts> pods_;
};

TEST_F(AgentApiTest, WithoutTheTokenNobodyIsAnswered) {
  AgentApi asked = api();
  for (const char* token : {"", "wrong", "0123456789abcdef0123456789abcde"}) {
    for (const http::Reply& reply :
         {asked.status({"", token}), asked.syn_check({"pod=shop/cart-0&target=a:1", token})}) {
      EXPECT_EQ(reply.status, 403);
      EXPECT_STREQ(reply.content_type, "application/json");
      EXPECT_EQ(reply.later, nullptr);
      EXPECT_THAT(json::parse(reply.body)["hint"].get<std::string>(), HasSubstr("agent-access"));
    }
  }
}

TEST_F(AgentApiTest, TellsTheNodesVerdictAndItsPods) {
  const http::Reply reply = api().status({"", kToken});
  ASSERT_EQ(reply.status, 200);
  const json status = json::parse(reply.body);
  EXPECT_EQ(status["apiVersion"], "smc/v1");
  EXPECT_EQ(status["node"], "node-a");
  EXPECT_EQ(status["ready"], false);
  EXPECT_EQ(status["reasons"], json({"gids: none"}));
  EXPECT_EQ(status["checks"][1],
            (json{{"name", "gids"}, {"verdict", "fail"}, {"detail", "none"}, {"hint", "set one"}}));
  ASSERT_EQ(status["pods"].size(), 2);
  const json& pod = status["pods"][0];
  EXPECT_EQ(pod["setUp"], true);
  EXPECT_EQ(pod["result"], "set_up");
  EXPECT_EQ(pod["connections"], (json{{"smc-r", 64}, {"smc-d", 0}, {"tcp", 1}}));
  EXPECT_EQ(pod["fallbacks"][0]["code"], "03010000");
  EXPECT_EQ(pod["fallbacks"][0]["count"], 3);
  EXPECT_EQ(pod["bytes"], (json{{"sent", 10}, {"received", 20}}));
  EXPECT_FALSE(pod.contains("sockets"));
  const json& unknown = status["pods"][1];
  EXPECT_EQ(unknown["setUp"], false);
  EXPECT_EQ(unknown["result"], "namespace_unknown");
  EXPECT_EQ(unknown["findings"][0]["hint"], "see the agent's log");
}

TEST_F(AgentApiTest, APodOnItsOwnComesWithItsSocketsFromItsNamespace) {
  system_.enter("node");
  const http::Reply reply = api().status({"pod=shop%2Fcart-0", kToken});
  ASSERT_EQ(reply.status, 200) << reply.body;
  const json pod = json::parse(reply.body);
  ASSERT_EQ(pod["sockets"].size(), 2) << reply.body;
  EXPECT_EQ(pod["sockets"][0]["mode"], "smc-r");
  EXPECT_EQ(pod["sockets"][1]["mode"], "tcp");
  EXPECT_EQ(pod["sockets"][1]["code"], "03010000");
  EXPECT_EQ(pod["sockets"][1]["peer"], "10.9.0.12:80");
}

// The last round's counts would not fit to the sockets of now.
TEST_F(AgentApiTest, ConnectionsOfAPodOnItsOwnAreThoseOfItsSockets) {
  SmcSocket listening;
  listening.state = SocketState::kListen;
  listening.local_address = "0.0.0.0";
  listening.local_port = 5000;
  listening.peer_address = "0.0.0.0";
  system_.pod().sockets.push_back(listening);
  system_.enter("node");
  const json pod = json::parse(api().status({"pod=shop/cart-0", kToken}).body);
  EXPECT_EQ(pod["connections"], (json{{"smc-r", 1}, {"smc-d", 0}, {"tcp", 1}}));
  EXPECT_EQ(pod["sockets"][2], (json{{"local", "0.0.0.0:5000"},
                                     {"peer", ""},
                                     {"mode", ""},
                                     {"code", ""},
                                     {"reason", ""},
                                     {"state", "LISTEN"}}));
}

TEST_F(AgentApiTest, WhatCannotBeAnsweredSaysWhy) {
  AgentApi asked = api();
  EXPECT_EQ(asked.status({"pod=shop/other", kToken}).status, 404);
  EXPECT_EQ(asked.status({"pod=%zz", kToken}).status, 400);
  EXPECT_EQ(asked.syn_check({"", kToken}).status, 400);
  EXPECT_EQ(asked.syn_check({"pod=shop/cart-0&target=x", kToken}).status, 400);
  EXPECT_EQ(asked.syn_check({"pod=shop/cart-0&target=x:1&magic=1", kToken}).status, 400);
  EXPECT_EQ(asked.syn_check({"pod=shop/other&target=x:1", kToken}).status, 404);
  EXPECT_EQ(asked.syn_check({"pod=shop/cart-1&target=x:1", kToken}).status, 503);
  snapshot_->report.checks.clear();
  const http::Reply early = asked.status({"", kToken});
  EXPECT_EQ(early.status, 503);
  EXPECT_THAT(early.body, HasSubstr("first round"));
}

http::Reply wait_for(const std::shared_ptr<http::PendingReply>& pending) {
  while (true) {
    if (auto reply = pending->take()) return *reply;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

TEST_F(AgentApiTest, RunsSynCheckInThePodsNamespace) {
  AgentApi asked = api();
  const http::Reply reply =
      asked.syn_check({"pod=shop/cart-0&target=http%3A%2F%2F127.0.0.1%3A1%2F", kToken});
  ASSERT_NE(reply.later, nullptr) << reply.body;
  const http::Reply made = wait_for(reply.later);
  EXPECT_EQ(made.status, 200);
  const json report = json::parse(made.body);
  EXPECT_EQ(report["target"], "http://127.0.0.1:1/");
  EXPECT_EQ(report["addresses"][0]["address"], "127.0.0.1:1");
  EXPECT_EQ(report["exit"], 2);
}

// The process has ended, and another pod's has its number.
TEST_F(AgentApiTest, RunsNoSynCheckInAnotherPodsNamespace) {
  snapshot_->observation.spaces.at("uid-cart-0").inode = 4026539999;
  AgentApi asked = api();
  const http::Reply reply = asked.syn_check({"pod=shop/cart-0&target=127.0.0.1:1", kToken});
  ASSERT_NE(reply.later, nullptr);
  const http::Reply made = wait_for(reply.later);
  EXPECT_EQ(made.status, 503);
  EXPECT_THAT(made.body, HasSubstr("is gone"));
}

TEST_F(AgentApiTest, ASecondSynCheckIsToldToComeBackLater) {
  std::promise<void> go_on;
  system_.before("enter pod", [&] { go_on.get_future().wait(); });
  AgentApi asked = api();
  const http::Call call{"pod=shop/cart-0&target=127.0.0.1:1", kToken};
  const http::Reply first = asked.syn_check(call);
  ASSERT_NE(first.later, nullptr) << first.body;
  const http::Reply second = asked.syn_check(call);
  EXPECT_EQ(second.status, 429);
  EXPECT_EQ(second.later, nullptr);
  EXPECT_EQ(json::parse(second.body), (json{{"error", "this agent runs another syn-check"},
                                            {"hint", "ask again in some seconds"}}));
  go_on.set_value();
  EXPECT_EQ(wait_for(first.later).status, 200);
}

TEST_F(AgentApiTest, RunsOneSynCheckAtATime) {
  SynCheckRunner runner;
  std::promise<void> go_on;
  const auto first = runner.start([&](const std::stop_token&) {
    go_on.get_future().wait();
    return http::Reply{200, "first"};
  });
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(runner.start([](const std::stop_token&) { return http::Reply{200, "second"}; }),
            nullptr);
  EXPECT_FALSE(first->take());
  go_on.set_value();
  EXPECT_EQ(wait_for(first).body, "first");
  std::shared_ptr<http::PendingReply> third;
  while (third == nullptr)
    third = runner.start([](const std::stop_token&) { return http::Reply{200, "third"}; });
  EXPECT_EQ(wait_for(third).body, "third");
}

// At the agent's end nobody waits for an answer.
TEST_F(AgentApiTest, ARunIsAskedToStopAtTheEnd) {
  bool stopped = false;
  {
    SynCheckRunner runner;
    (void)runner.start([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) std::this_thread::yield();
      stopped = true;
      return http::Reply{200, ""};
    });
  }
  EXPECT_TRUE(stopped);
}

// Over HTTP, as the API server's proxy passes it on; probes are answered meanwhile.
TEST_F(AgentApiTest, IsServedBesideTheProbesWhichDoNotWaitForIt) {
  http::ProbeServer server;
  std::promise<void> go_on;
  SynCheckRunner runner;
  AgentApi asked = api();
  asked.add_to(server);
  server.get("/healthz", [] { return http::Reply{200, "ok\n"}; });
  server.add({.path = "/v1/slow",
              .method = "POST",
              .body_type = "",
              .content_type = "application/json",
              .handler = nullptr,
              .call =
                  [&](const http::Call& call) {
                    return http::Reply{.body = {},
                                       .later = runner.start([&, query = std::string(call.query)](
                                                                 const std::stop_token&) {
                                         go_on.get_future().wait();
                                         return http::Reply{429, query, "application/json"};
                                       })};
                  },
              .token_header = kAgentTokenHeader});
  const auto address = server.start({"127.0.0.1", 0}, "--listen");
  ASSERT_TRUE(address);
  httplib::Client client("127.0.0.1", address->port);
  auto slow = std::async(std::launch::async, [&] {
    return httplib::Client("127.0.0.1", address->port).Post("/v1/slow?a=b");
  });
  EXPECT_EQ(client.Get("/healthz")->status, 200);
  EXPECT_EQ(client.Get("/v1/status")->status, 403);
  const auto status = client.Get("/v1/status", {{"x-smc-agent-token", kToken}});
  EXPECT_EQ(status->status, 200);
  EXPECT_EQ(status->get_header_value("Content-Type"), "application/json");
  // A token that is there twice is none.
  EXPECT_EQ(
      client.Get("/v1/status", {{kAgentTokenHeader, kToken}, {kAgentTokenHeader, kToken}})->status,
      403);
  EXPECT_EQ(client.Post("/v1/status")->status, 405);
  go_on.set_value();
  const auto answer = slow.get();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 429);
  EXPECT_EQ(answer->body, "a=b");
  EXPECT_EQ(answer->get_header_value("Retry-After"), "1");
  server.stop();
}

}  // namespace
}  // namespace smc::node
