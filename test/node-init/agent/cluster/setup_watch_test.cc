// Which pods are said to lack their set-up, for which reason, and after which time.
#include "node-init/agent/cluster/setup_watch.h"

#include <gmock/gmock.h>

#include "node-init/agent/cluster/events.h"

namespace smc::node {
namespace {

using std::chrono::seconds;
using testing::IsEmpty;
using testing::SizeIs;

PodFacts annotated_pod() {
  PodFacts pod;
  pod.uid = pod.cgroup_uid = "u1";
  pod.ns = "shop";
  pod.name = "cart-0";
  pod.asks_for_smc = pod.injected = pod.running = true;
  return pod;
}
const PodFacts kPod = annotated_pod();
const std::vector<std::string> kActive{"PNA"};

NamespaceSetup set_up() {
  NamespaceSetup setup;
  setup.pnetids = {"PNA"};
  setup.programs_use_smc = true;
  return setup;
}

std::optional<NotSetUp> judged(const NamespaceSetup& setup, const PodFacts& pod = kPod) {
  ScopeStats stats;
  stats.setups = {setup};
  return judge(pod, &stats, kActive);
}

TEST(Judge, APodThatIsSetUpHasNoReason) {
  EXPECT_EQ(judged(set_up()), std::nullopt);
}

TEST(Judge, AKernelWithoutASwitchLeavesProgramsOnTcp) {
  NamespaceSetup mainline = set_up();
  mainline.programs_use_smc.reset();
  EXPECT_EQ(judged(mainline), NotSetUp::kNoProgramSwitch);
}

TEST(Judge, ProgramsThatAskThemselvesNeedNoSwitch) {
  NamespaceSetup setup = set_up();
  PodFacts asking = kPod;
  asking.programs_ask = true;
  ScopeStats stats;
  for (const std::optional<bool> by_switch : {std::optional<bool>(), std::optional(false)}) {
    setup.programs_use_smc = by_switch;
    EXPECT_EQ(judged(setup, asking), std::nullopt);
    stats.setups = {setup};
    EXPECT_EQ(judge(kPod, &stats, kActive, Programs::kAsk), std::nullopt) << "said for the node";
  }
  setup.pnetids.clear();
  EXPECT_EQ(judged(setup, asking), NotSetUp::kNoPnetid) << "the rest they need all the same";
}

TEST(Judge, NamesWhatTheNamespaceLacks) {
  NamespaceSetup lacks = set_up();
  lacks.programs_use_smc = false;
  EXPECT_EQ(judged(lacks), NotSetUp::kSwitchOff);
  lacks.pnetids = {"OTHER"};
  EXPECT_EQ(judged(lacks), NotSetUp::kPnetidWithoutDevice);
  lacks.pnetids = {};
  EXPECT_EQ(judged(lacks), NotSetUp::kNoPnetid);
  lacks.smc = false;
  EXPECT_EQ(judged(lacks), NotSetUp::kNoSmc);
}

TEST(Judge, AListWithoutEffectIsNamedWhereTheRestIsSetUp) {
  PodFacts pod = kPod;
  pod.wants_destinations = true;
  NamespaceSetup setup = set_up();
  EXPECT_EQ(judged(setup, pod), NotSetUp::kDestinationsNotExcluded);
  setup.excludes_destinations = true;
  EXPECT_EQ(judged(setup, pod), std::nullopt);
  setup.excludes_destinations = false;
  setup.programs_use_smc = false;
  EXPECT_EQ(judged(setup, pod), NotSetUp::kSwitchOff);
}

TEST(Judge, OneInterfaceThatLeadsToADeviceIsEnough) {
  NamespaceSetup two = set_up();
  two.pnetids = {"OTHER", "PNA"};
  EXPECT_EQ(judged(two), std::nullopt);
}

TEST(Judge, WithoutANamespaceNothingIsKnown) {
  EXPECT_EQ(judge(kPod, nullptr, kActive), NotSetUp::kNamespaceUnknown);
  const ScopeStats unread;
  EXPECT_EQ(judge(kPod, &unread, kActive), NotSetUp::kNamespaceUnknown);
}

TEST(Judge, DevicesThatCouldNotBeReadAreNoFinding) {
  ScopeStats stats;
  stats.setups = {set_up()};
  EXPECT_EQ(judge(kPod, &stats, std::nullopt), std::nullopt);
}

TEST(Judge, ThatItWasNotInjectedExplainsTheRest) {
  PodFacts left_alone = kPod;
  left_alone.injected = false;
  EXPECT_EQ(judged({}, left_alone), NotSetUp::kNotInjected);
  EXPECT_EQ(judge(left_alone, nullptr, kActive), NotSetUp::kNotInjected);
  EXPECT_EQ(judged(set_up(), left_alone), std::nullopt) << "somebody else set it up";
}

TEST(Judge, OfSeveralNamespacesTheOneThatIsFurthestCounts) {
  ScopeStats stats;
  stats.setups = {NamespaceSetup{}, set_up()};
  EXPECT_EQ(judge(kPod, &stats, kActive), std::nullopt);
}

TEST(Reasons, AreANameAndASentenceEach) {
  for (int i = 0; i <= static_cast<int>(NotSetUp::kStartedTooEarly); ++i) {
    EXPECT_THAT(reason_name(static_cast<NotSetUp>(i)), testing::MatchesRegex("[a-z_]+"));
    EXPECT_GT(reason_text(static_cast<NotSetUp>(i)).size(), 20U);
  }
}

class Watch : public testing::Test {
 protected:
  std::vector<Finding> at(seconds when) {
    return watch_.update(pods_, observation_, Clock::time_point(when));
  }

  SetupWatch watch_{SetupWatch::kGrace};
  std::vector<PodFacts> pods_{kPod};
  Observation observation_;  // no namespace of any pod
};

TEST_F(Watch, AFreshPodHasItsGracePeriod) {
  EXPECT_THAT(at(seconds(100)), IsEmpty());
  EXPECT_THAT(at(seconds(129)), IsEmpty());
  ASSERT_THAT(at(seconds(130)), SizeIs(1));
  EXPECT_EQ(at(seconds(131))[0].reason, NotSetUp::kNamespaceUnknown);
}

TEST_F(Watch, TheGracePeriodBeginsAnewOnceAPodWasSetUp) {
  (void)at(seconds(100));
  observation_.active_pnetids = kActive;
  observation_.pods["u1"].setups = {set_up()};
  EXPECT_THAT(at(seconds(130)), IsEmpty());
  observation_.pods.clear();
  EXPECT_THAT(at(seconds(140)), IsEmpty());
  EXPECT_THAT(at(seconds(170)), SizeIs(1));
}

TEST_F(Watch, PodsThatDoNotAskDoNotRunOrUseTheNodesNetworkAreNoFinding) {
  PodFacts silent = kPod;
  silent.asks_for_smc = false;
  PodFacts pending = kPod;
  pending.running = false;
  PodFacts on_the_node = kPod;
  on_the_node.host_network = true;
  pods_ = {silent, pending, on_the_node};
  (void)at(seconds(100));
  EXPECT_THAT(at(seconds(200)), IsEmpty());
}

TEST_F(Watch, AFindingGoesWithItsPod) {
  (void)at(seconds(100));
  EXPECT_THAT(at(seconds(130)), SizeIs(1));
  pods_.clear();
  EXPECT_THAT(at(seconds(131)), IsEmpty());
}

// --- containers that ran before the set-up

PodFacts pod_with_sidecar() {
  PodFacts pod = kPod;
  pod.setup_container = "smc-init";
  pod.containers = {{"aa1", "smc-init"}, {"bb2", "proxy"}, {"cc3", "app"}};
  return pod;
}

TEST(StartedTooEarly, NamesContainersByTheirControlGroups) {
  const std::set<std::string> groups = {"cri-containerd-5a9.scope", "cri-containerd-bb2.scope",
                                        "cri-containerd-aa1.scope"};
  EXPECT_THAT(early_containers(pod_with_sidecar(), groups), testing::ElementsAre("proxy"));
  EXPECT_THAT(early_containers(pod_with_sidecar(), {"bb2", "cc3"}),
              testing::ElementsAre("app", "proxy"));
  EXPECT_THAT(early_containers(pod_with_sidecar(), {}), IsEmpty());
}

TEST(StartedTooEarly, IsAFindingOfAPodThatIsSetUp) {
  Observation observation;
  observation.active_pnetids = kActive;
  observation.pods["u1"].setups = {set_up()};
  observation.early_containers["u1"] = {"sandbox", "bb2"};
  SetupWatch watch(seconds(0));
  const auto findings = watch.update({pod_with_sidecar()}, observation, {});
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].reason, NotSetUp::kStartedTooEarly);
  EXPECT_EQ(reason_name(findings[0].reason), "started_too_early");
  EXPECT_THAT(findings[0].containers, testing::ElementsAre("proxy"));
  observation.early_containers["u1"] = {"sandbox", "aa1"};
  EXPECT_THAT(watch.update({pod_with_sidecar()}, observation, {}), IsEmpty());
}

TEST(StartedTooEarly, TheEventHasTheirNames) {
  const Finding finding{pod_with_sidecar(), NotSetUp::kStartedTooEarly, {"app", "proxy"}};
  EXPECT_THAT(pod_event(finding, "n1", {}).message,
              testing::StartsWith("started_too_early (app, proxy): "));
}

TEST(StartedTooEarly, IsSaidAfterWhatIsWorse) {
  Observation observation;
  observation.active_pnetids = kActive;
  observation.pods["u1"].setups = {set_up()};
  observation.pods["u1"].setups[0].programs_use_smc = false;
  observation.early_containers["u1"] = {"bb2"};
  SetupWatch watch(seconds(0));
  const auto findings = watch.update({pod_with_sidecar()}, observation, {});
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].reason, NotSetUp::kSwitchOff);
}

}  // namespace
}  // namespace smc::node
