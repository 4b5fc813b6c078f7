// What `kubectl smc status` and `syn-check` print of the agents' answers.
#include "kubectl/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kubectl/syn_text.h"
#include "kubectl/text.h"
#include "test/kubectl/objects.h"

namespace smc::kubectl {
namespace {

using testing::HasSubstr;

const json kAnswer = json::parse(R"({"namespace": "shop", "name": "web-1", "setUp": true,
    "result": "verified", "switch": "tcp2smc", "findings": [],
    "connections": {"smc-r": 64, "smc-d": 0, "tcp": 1},
    "fallbacks": [{"code": "03010000", "reason": "peer has no SMC", "count": 3}],
    "bytes": {"sent": 1048576, "received": 512},
    "sockets": [
      {"local": "10.1.0.5:4000", "peer": "10.1.0.6:80", "mode": "smc-r", "code": "", "reason": "",
       "state": "active"},
      {"local": "10.1.0.5:4001", "peer": "10.96.0.7:5432", "mode": "tcp", "code": "03010000",
       "reason": "peer has no SMC", "state": "active"}]})");

Names names() {
  json service = object("shop", "db");
  service["spec"] = {{"clusterIP", "10.96.0.7"}};
  json server = pod("shop", "api-1");
  server["status"]["podIP"] = "10.1.0.6";
  return {{server}, {service}, {}};
}

TEST(Status, OfOnePodShowsItsSocketsAndThePeersNames) {
  const std::string text = pod_text({"shop", "web-1", "node1", kAnswer, "", ""}, names());
  EXPECT_THAT(text, testing::StartsWith("pod          shop/web-1 on node node1\n"
                                        "set up       yes (verified)\n"
                                        "switch       tcp2smc\n"
                                        "connections  smc-r 64, smc-d 0, tcp 1\n"
                                        "SMC bytes    sent 1.0 MiB, received 512 B\n"
                                        "fallbacks to TCP\n"
                                        "  03010000 3 times: the peer does not speak SMC"));
  EXPECT_THAT(text, HasSubstr("\n    hint: switch SMC on at the other end too"));
  EXPECT_THAT(text, HasSubstr("10.1.0.5:4000  10.1.0.6:80 (pod shop/api-1)      smc-r  active"));
  EXPECT_THAT(text, HasSubstr("10.96.0.7:5432 (service shop/db)  tcp    active  03010000 peer"));
}

TEST(Status, ASocketThatListensHasNeitherPeerNorMode) {
  json answer = kAnswer;
  answer["sockets"] =
      json::array({{{"local", "0.0.0.0:5000"}, {"peer", ""}, {"mode", ""}, {"state", "LISTEN"}}});
  EXPECT_THAT(pod_text({"shop", "web-1", "node1", answer, "", ""}, names()),
              HasSubstr("LOCAL         PEER  MODE  STATE   REASON\n"
                        "0.0.0.0:5000  -     -     LISTEN\n"));
}

TEST(Status, OfManyPodsIsOneLineEachAndWhatIsAmissBelow) {
  json without = {{"setUp", false}, {"switch", "none"}};
  without["findings"] = json::array({{{"message", "tcp2smc is 0"}, {"hint", "set it"}}});
  const std::vector<PodStatus> pods{{"shop", "web-1", "node1", kAnswer, "", ""},
                                    {"shop", "web-2", "node2", without, "", ""},
                                    {"shop", "web-3", "", nullptr, "not on a node yet", "wait"}};
  EXPECT_EQ(pods_text(pods),
            "NAMESPACE  POD    NODE   SET UP  SWITCH   SMC-R  SMC-D  TCP  FALLBACKS  SMC BYTES\n"
            "shop       web-1  node1  yes     tcp2smc  64     0      1    3          1.0 MiB\n"
            "shop       web-2  node2  no      none     0      0      0    0          0 B\n"
            "shop       web-3  -      ?       -        -      -      -    -          -\n"
            "‼ shop/web-2: tcp2smc is 0\n"
            "  hint: set it\n"
            "‼ shop/web-3: not on a node yet\n"
            "  hint: wait\n");
  EXPECT_FALSE(all_well(pods));
  EXPECT_TRUE(all_well({pods[0]}));
}

TEST(Status, AsJsonAddsThePeersNames) {
  const json out = json::parse(pods_json({{"shop", "web-1", "node1", kAnswer, "", ""},
                                          {"shop", "web-2", "node2", nullptr, "gone", "wait"}},
                                         names()));
  EXPECT_EQ(out["pods"][0]["sockets"][1]["peerName"], "service shop/db");
  EXPECT_EQ(out["pods"][0]["node"], "node1");
  EXPECT_EQ(out["pods"][1]["error"], "gone");
  EXPECT_EQ(out["pods"][1]["hint"], "wait");
}

TEST(Status, AnswersOfAnyShapeAreShownAsFarAsTheyGo) {
  for (const char* text :
       {"{}", "[]", "null", "1", R"({"setUp": 1, "connections": [], "fallbacks": {}, "bytes": 2})",
        R"({"sockets": [1, {}, {"peer": 5}], "findings": [null], "fallbacks": [7]})"}) {
    const PodStatus pod{"shop", "web-1", "node1", json::parse(text), "", ""};
    EXPECT_THAT(pod_text(pod, names()), HasSubstr("shop/web-1")) << text;
    EXPECT_THAT(pods_text({pod}), HasSubstr("web-1")) << text;
    EXPECT_THAT(pods_json({pod}, names()), HasSubstr("web-1")) << text;
    EXPECT_FALSE(all_well({pod})) << text;
  }
}

TEST(Status, ControlCharactersOfAnswersDoNotReachTheTerminal) {
  json answer = kAnswer;
  answer["switch"] = "\x1b]0;title\x07";
  EXPECT_EQ(pod_text({"shop", "web-1", "node1", answer, "", ""}, names()).find('\x1b'),
            std::string::npos);
}

TEST(Status, OfANodeNamesWhatItsChecksFound) {
  EXPECT_EQ(nodes_text({json::parse(R"({"node": "node1", "ready": false, "switch": "none",
                "version": "0.1.0", "pods": [{}, {}],
                "checks": [{"name": "kernel", "verdict": "pass"},
                           {"name": "driver", "verdict": "fail", "detail": "none", "hint": "load it"}]})")}),
            "NODE   READY  SWITCH  PODS  AGENT\n"
            "node1  no     none    2     0.1.0\n"
            "× node1: driver: none\n"
            "  hint: load it\n");
}

TEST(SynCheck, ShowsEachAddressWithItsProbesAndTheVerdict) {
  const json answer = json::parse(R"({"target": "http://db/", "addresses": [
      {"address": "10.0.0.1:80", "verdict": "conflict", "why": "B is not answered",
       "probes": [{"probe": "plain", "tries": 1, "answer": "syn_ack", "option254": null},
                  {"probe": "smc", "tries": 3, "answer": "none", "option254": null}]}],
      "verdict": "conflict", "hint": "exclude it", "exit": 4})");
  EXPECT_EQ(syn_text(answer, "web-1"),
            "from web-1 to http://db/\n"
            "10.0.0.1:80: conflict: B is not answered\n"
            "  PROBE  TRIES  ANSWER   OPTION 254\n"
            "  plain  1      syn_ack  -\n"
            "  smc    3      none     -\n"
            "verdict: conflict\n"
            "hint: exclude it\n");
  EXPECT_EQ(syn_exit_code(answer), ExitCode::kFault);
  EXPECT_EQ(syn_exit_code({{"exit", 0}}), ExitCode::kDone);
  for (const json& other :
       {json::object(), json{{"exit", 2}}, json{{"exit", "x"}}, json{{"exit", 77}}})
    EXPECT_EQ(syn_exit_code(other), ExitCode::kNotPossible);
}

TEST(Text, AmountsAndDistancesAreInWords) {
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(1536), "1.5 KiB");
  EXPECT_EQ(distance_text(86'400 * 12), "in 12 days");
  EXPECT_EQ(distance_text(-7200), "2 hours ago");
  EXPECT_EQ(distance_text(60), "in 1 minute");
  EXPECT_EQ(counted(1, "pod"), "1 pod");
}

}  // namespace
}  // namespace smc::kubectl
