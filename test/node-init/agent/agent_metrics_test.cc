#include "node-init/agent/agent_metrics.h"

#include <sstream>
#include <string>

#include <gmock/gmock.h>

namespace smc::node {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kShopPod = "0c6d9e1f-11aa-4b2c-9d3e-5f60718293a4";

class Names final : public PodDirectory {
 public:
  PodName name_of(const std::string& uid) const override {
    return uid == kShopPod ? PodName{"shop", "cart-0"} : PodName{};
  }
};

class AgentMetrics : public testing::Test {
 protected:
  std::string text() const { return metrics_text(snapshot_, names_); }

  AgentSnapshot snapshot_;
  Names names_;
};

TEST_F(AgentMetrics, BeforeTheFirstRoundTheNodeIsNotReady) {
  EXPECT_THAT(text(), HasSubstr("smc_node_ready 0\n"));
}

TEST_F(AgentMetrics, TheNodeIsReadyWhereNoCheckFailed) {
  snapshot_.report.checks = {{"kernel", Verdict::kPass, "", ""},
                             {"cni", Verdict::kWarn, "", "hint"}};
  EXPECT_THAT(text(), HasSubstr("smc_node_ready 1\n"));
  snapshot_.report.checks.push_back({"device", Verdict::kFail, "", "hint"});
  EXPECT_THAT(text(), HasSubstr("smc_node_ready 0\n"));
}

TEST_F(AgentMetrics, ACheckWithSeveralFindingsShowsTheWorstOnce) {
  snapshot_.report.checks = {{"pnetid", Verdict::kPass, "", ""},
                             {"pnetid", Verdict::kFail, "", "hint"},
                             {"pnetid", Verdict::kWarn, "", "hint"}};
  EXPECT_THAT(text(), HasSubstr("smc_node_check{check=\"pnetid\",verdict=\"FAIL\"} 1\n"));
  EXPECT_THAT(text(), Not(HasSubstr("verdict=\"PASS\"")));
}

TEST_F(AgentMetrics, APortShowsItsStateAndWhosePnetidItHas) {
  PortState port;
  port.device = "mlx5_0";
  port.port = 1;
  port.interface = "eth1";
  port.active = true;
  port.pnetid = "NODENET";
  port.owner = Owner::kOther;
  snapshot_.report.ports = {port};
  EXPECT_THAT(text(), HasSubstr("smc_node_port_active{device=\"mlx5_0\",port=\"1\","
                                "interface=\"eth1\"} 1\n"));
  EXPECT_THAT(text(), HasSubstr("smc_node_port_pnetid{device=\"mlx5_0\",port=\"1\","
                                "pnetid=\"NODENET\",owner=\"other\"} 1\n"));
}

TEST_F(AgentMetrics, APodsSeriesCarryItsNameAndItsUid) {
  snapshot_.observation.pods[kShopPod].counts.connections[{Side::kServer, 2}] = 7;
  EXPECT_THAT(text(), HasSubstr("smc_node_connections_total{scope=\"pod\",pod_uid=\"" +
                                std::string(kShopPod) +
                                "\",namespace=\"shop\",pod=\"cart-0\",side=\"server\","
                                "version=\"2\"} 7\n"));
}

TEST_F(AgentMetrics, FallbacksShowSideCodeAndReasonInWords) {
  auto& fallbacks = snapshot_.observation.node.counts.fallbacks;
  fallbacks[{Side::kClient, 0x03010000}] = 3;
  fallbacks[{Side::kServer, 0xabcd0000}] = 1;
  fallbacks[{Side::kServer, kOtherReasons}] = 2;
  EXPECT_THAT(text(), HasSubstr("smc_node_fallbacks_total{scope=\"node\",code=\"03010000\","
                                "reason=\"peer_no_smc\",side=\"client\"} 3\n"));
  EXPECT_THAT(text(), HasSubstr("{scope=\"node\",code=\"abcd0000\",reason=\"unknown\","
                                "side=\"server\"} 1\n"));
  EXPECT_THAT(text(), HasSubstr("{scope=\"node\",code=\"other\",reason=\"other\","
                                "side=\"server\"} 2\n"));
}

TEST_F(AgentMetrics, SocketsShowModeHopAndPeer) {
  snapshot_.observation.node.sockets = {{{SocketMode::kSmcR, Hop::kRemote, PeerKind::kSmc}, 4},
                                        {{SocketMode::kTcp, Hop::kLocal, PeerKind::kSmc}, 1},
                                        {{SocketMode::kTcp, Hop::kRemote, PeerKind::kNoSmc}, 2}};
  const std::string node = "smc_node_sockets{scope=\"node\",";
  EXPECT_THAT(text(), HasSubstr(node + "mode=\"smcr\",hop=\"remote\",peer=\"smc\"} 4\n"));
  EXPECT_THAT(text(), HasSubstr(node + "mode=\"tcp\",hop=\"local\",peer=\"smc\"} 1\n"));
  EXPECT_THAT(text(), HasSubstr(node + "mode=\"tcp\",hop=\"remote\",peer=\"no_smc\"} 2\n"));
}

TEST_F(AgentMetrics, BytesBySmcrShowTheirDirection) {
  snapshot_.observation.pods[kShopPod].counts.bytes = {{Direction::kSent, 9},
                                                       {Direction::kReceived, 8}};
  EXPECT_THAT(text(), HasSubstr("namespace=\"shop\",pod=\"cart-0\",direction=\"sent\"} 9\n"));
  EXPECT_THAT(text(), HasSubstr("namespace=\"shop\",pod=\"cart-0\",direction=\"received\"} 8\n"));
}

TEST_F(AgentMetrics, ANodeWithoutRdmaHardwareIsNoCandidate) {
  EXPECT_THAT(text(), HasSubstr("smc_node_candidate 1\n")) << "as long as it is not known";
  snapshot_.report.candidate = false;
  EXPECT_THAT(text(), HasSubstr("smc_node_candidate 0\n"));
}

TEST_F(AgentMetrics, DroppedNamespacesAreSummedOverThePods) {
  snapshot_.observation.dropped = {{"uid-1", 42}, {"uid-2", 1}};
  EXPECT_THAT(text(), HasSubstr("smc_node_pod_namespaces{state=\"dropped\"} 43\n"));
}

TEST_F(AgentMetrics, ListsAreShownWithTheirLimitsWhereThereAreAny) {
  EXPECT_THAT(text(), Not(HasSubstr("smc_node_list_entries{")));
  snapshot_.report.switch_list = {12, 2048};
  snapshot_.destinations = {0, 65536};
  EXPECT_THAT(text(), HasSubstr("smc_node_list_entries{list=\"switch\"} 12\n"));
  EXPECT_THAT(text(), HasSubstr("smc_node_list_limit{list=\"switch\"} 2048\n"));
  EXPECT_THAT(text(), HasSubstr("smc_node_list_entries{list=\"destinations\"} 0\n"));
  EXPECT_THAT(text(), HasSubstr("smc_node_list_limit{list=\"destinations\"} 65536\n"));
}

TEST_F(AgentMetrics, CountersAreWholeNumbersHoweverLarge) {
  snapshot_.observation.node.counts.connections[{Side::kClient, 1}] = 123'456'789'012;
  EXPECT_THAT(text(), HasSubstr("version=\"1\"} 123456789012\n"));
}

TEST_F(AgentMetrics, EveryMetricHasHelpAndTheAgentsPrefix) {
  std::istringstream lines(text());
  std::string helped;
  int metrics = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# HELP ")) helped = line.substr(7, line.find(' ', 7) - 7);
    if (!line.starts_with("# TYPE ")) continue;
    const auto name = line.substr(7, line.find(' ', 7) - 7);
    EXPECT_EQ(name, helped);
    EXPECT_TRUE(name.starts_with("smc_node_")) << name;
    EXPECT_EQ(name.ends_with("_total"), line.ends_with(" counter")) << line;
    ++metrics;
  }
  EXPECT_GE(metrics, 15);
}

}  // namespace
}  // namespace smc::node
