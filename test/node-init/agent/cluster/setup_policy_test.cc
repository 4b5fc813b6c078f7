// Which pods the agent sets up: what the webhook would refuse is not had by writing what it writes.
#include "node-init/agent/cluster/setup_policy.h"

#include <functional>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace smc::node {
namespace {

using nlohmann::json;

// As the webhook leaves it in mode agent.
json pod_by_agent() {
  return {{"metadata",
           {{"uid", "u1"},
            {"namespace", "shop"},
            {"name", "cart-0"},
            {"annotations",
             {{"smc.asm.alibabacloud.com/enabled", "true"},
              {"smc.asm.alibabacloud.com/status", R"({"version":"1","container":"smc-init"})"}}}}},
          {"spec",
           {{"initContainers",
             {{{"name", "smc-init"},
               {"args",
                {"pod", "--by-agent", "--on-failure=fallback", "--interface=eth1",
                 "--pnetid=PNB"}}}}}}},
          {"status", {{"phase", "Pending"}}}};
}

std::optional<PodRequest> request_of(const json& pod, const SetupPolicy& policy = {}) {
  const auto facts = read_pod(pod);
  return facts ? setup_request(*facts, policy) : std::nullopt;
}

std::optional<PodOptions> options_of(const json& pod, const SetupPolicy& policy = {}) {
  const auto request = request_of(pod, policy);
  return request ? std::optional(request->options) : std::nullopt;
}

json excluding(json pod, const char* list) {
  pod["metadata"]["annotations"]["smc.asm.alibabacloud.com/exclude-destinations"] = list;
  return pod;
}

SetupPolicy policy_with_destinations() {
  SetupPolicy policy;
  policy.overrides = {"exclude-destinations"};
  policy.exclude_destinations = *parse_destinations("10.0.0.0/8");
  return policy;
}

TEST(SetupPolicy, APodThatWaitsForTheAgentIsTestedFirstAndSetUp) {
  const auto options = options_of(pod_by_agent());
  ASSERT_TRUE(options);
  EXPECT_TRUE(options->test_first);
  EXPECT_EQ(options->self_test, SelfTestMode::kOn);
  EXPECT_EQ(options->programs, Programs::kSwitch);
}

TEST(SetupPolicy, WhateverElseDecidesTheRestIsLeftAlone) {
  const std::pair<const char*, std::function<void(json&)>> cases[] = {
      {"mode privileged, and no switch needed",
       [](json& pod) { pod["spec"]["initContainers"][0]["args"] = {"pod", "--programs=ask"}; }},
      {"another command",
       [](json& pod) { pod["spec"]["initContainers"][0]["args"] = {"check", "--by-agent"}; }},
      {"arguments that are none",
       [](json& pod) { pod["spec"]["initContainers"][0]["args"] = {1, nullptr}; }},
      {"no container", [](json& pod) { pod["spec"].erase("initContainers"); }},
      {"no mark",
       [](json& pod) { pod["metadata"]["annotations"].erase("smc.asm.alibabacloud.com/status"); }},
      {"not annotated",
       [](json& pod) { pod["metadata"]["annotations"].erase("smc.asm.alibabacloud.com/enabled"); }},
      {"opted out",
       [](json& pod) {
         pod["metadata"]["annotations"]["smc.asm.alibabacloud.com/enabled"] = "false";
       }},
      {"the node's own network", [](json& pod) { pod["spec"]["hostNetwork"] = true; }},
      {"a static pod",
       [](json& pod) { pod["metadata"]["annotations"]["kubernetes.io/config.mirror"] = "x"; }},
  };
  for (const auto& [name, change] : cases) {
    json pod = pod_by_agent();
    change(pod);
    EXPECT_FALSE(options_of(pod)) << name;
  }
}

TEST(SetupPolicy, TheWebhooksExclusionsHoldWhateverThePodSays) {
  SetupPolicy policy;
  policy.excluded_namespaces = {"kube-system", "shop"};
  EXPECT_FALSE(options_of(pod_by_agent(), policy));
}

TEST(SetupPolicy, WhatAPodMayNotChooseTheAgentChooses) {
  const auto closed = options_of(pod_by_agent());
  ASSERT_TRUE(closed);
  EXPECT_EQ(closed->interface, "");
  EXPECT_EQ(closed->pnetid, "");
  SetupPolicy policy;
  policy.overrides = {"interface", "pnetid"};
  const auto open = options_of(pod_by_agent(), policy);
  ASSERT_TRUE(open);
  EXPECT_EQ(open->interface, "eth1");
  EXPECT_EQ(open->pnetid, "PNB");
}

TEST(SetupPolicy, ThePodsDestinationsComeBesideThoseOfAll) {
  const json pod = excluding(pod_by_agent(), ":6379, 10.0.0.0/8");
  SetupPolicy policy = policy_with_destinations();
  EXPECT_EQ(text_of(options_of(pod, policy)->exclude_destinations), "10.0.0.0/8,:6379");
  policy.overrides.clear();
  EXPECT_EQ(text_of(options_of(pod, policy)->exclude_destinations), "10.0.0.0/8");
}

TEST(SetupPolicy, OfAListWithAMistakeNothingCounts) {
  const json pod = excluding(pod_by_agent(), ":6379, redis");
  EXPECT_EQ(text_of(options_of(pod, policy_with_destinations())->exclude_destinations),
            "10.0.0.0/8");
}

TEST(SetupPolicy, APodThatSetsItselfUpNeedsTheAgentForItsDestinations) {
  json pod = excluding(pod_by_agent(), ":6379");
  pod["spec"]["initContainers"][0]["args"] = {"pod", "--programs=ask"};
  const auto request = request_of(pod, policy_with_destinations());
  ASSERT_TRUE(request);
  EXPECT_TRUE(request->privileged);
  EXPECT_EQ(text_of(request->options.exclude_destinations), "10.0.0.0/8,:6379");
  EXPECT_FALSE(request_of(pod));  // none of all, and the pod may not choose
  EXPECT_FALSE(request_of(pod_by_agent())->privileged);
  pod["metadata"]["annotations"].erase("smc.asm.alibabacloud.com/status");
  EXPECT_FALSE(request_of(pod, policy_with_destinations()));
}

TEST(PodFacts, ThatAListIsWantedTheInjectedContainerSays) {
  json pod = excluding(pod_by_agent(), ":6379");
  EXPECT_FALSE(read_pod(pod)->wants_destinations);
  pod["spec"]["initContainers"][0]["args"].push_back("--exclude-destinations=:6379");
  EXPECT_TRUE(read_pod(pod)->wants_destinations);
}

TEST(SetupPolicy, ProgramsThatAskGetNoSwitch) {
  json pod = pod_by_agent();
  pod["spec"]["initContainers"][0]["args"].push_back("--programs=ask");
  EXPECT_EQ(options_of(pod)->programs, Programs::kAsk);
}

// Its own container does the rest; the agent looks whether the BPF switch is the one in use.
TEST(PolicyRequests, APrivilegedPodNeedsTheAgentForItsSwitchAlone) {
  PodList pods;
  json privileged = pod_by_agent();
  privileged["spec"]["initContainers"][0]["args"] = {"pod", "--on-failure=fail"};
  pods.replace({privileged});
  SetupPolicy policy;
  policy.program_switch = SwitchChoice::kBpf;
  const MeshFollower mesh({}, [] {});
  const auto request = PolicyRequests(pods, mesh, policy).request_of("u1");
  ASSERT_TRUE(request);
  EXPECT_TRUE(request->privileged);
  EXPECT_EQ(request->options.program_switch, SwitchChoice::kBpf);
  pods.replace({pod_by_agent()});
  EXPECT_FALSE(PolicyRequests(pods, mesh, policy).request_of("u1")->privileged);
}

TEST(PolicyRequests, AreByThePodsOwnUidWhateverAnotherPodClaims) {
  PodList pods;
  json liar = pod_by_agent();
  liar["metadata"]["uid"] = "u2";
  liar["metadata"]["name"] = "liar";
  liar["metadata"]["annotations"]["kubernetes.io/config.mirror"] = "x";
  liar["metadata"]["annotations"]["kubernetes.io/config.hash"] = "u1";
  pods.replace({pod_by_agent(), liar});
  const MeshFollower mesh({}, [] {});
  const PolicyRequests requests(pods, mesh, {});
  ASSERT_TRUE(requests.request_of("u1"));
  EXPECT_EQ(requests.request_of("u1")->name.name, "cart-0");
  EXPECT_FALSE(requests.request_of("u2"));
  EXPECT_FALSE(requests.request_of("u3"));
}

}  // namespace
}  // namespace smc::node
