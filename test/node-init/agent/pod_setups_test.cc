// The agent sets up the namespaces of pods that ask for it: at once, each, once, and no others.
#include "node-init/agent/pod_setups.h"

#include <cerrno>

#include <gmock/gmock.h>

#include "base/log.h"
#include "test/node-init/agent/pod_setups_fixture.h"

namespace smc::node {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::kClass;
using test::kRoot;
using test::PodSetupsTest;
using test::uid_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::StartsWith;

TEST_F(PodSetupsTest, APodIsSetUpAsSoonAsItsSandboxIsThere) {
  requests_.add(a_);
  add_pod(a_, "100", 11);
  setups_.work();
  EXPECT_TRUE(is_set_up("100"));
  EXPECT_EQ(setups_.counters().done, 1U);
  EXPECT_THAT(system_.writes,
              ElementsAre(StartsWith("ROUTE up"), StartsWith("ROUTE address"),
                          "SMC_PNETID ADD lo=PNA", "SMC_PNETID ADD eth0=PNA", StartsWith("write")));
}

TEST_F(PodSetupsTest, ASandboxThatIsStillBeingMadeIsLookedAtUntilItIsThere) {
  requests_.add(a_);
  system_.make_directory(kClass, "pod" + a_);
  pass(seconds(3));  // the network comes first, and takes its time
  add_container(a_, "sandbox");
  pass(milliseconds(5));
  add_process("100", 4026531840,
              pod_path(a_) + "/sandbox");  // in the node's own namespace at first
  pass(milliseconds(20));
  EXPECT_EQ(visits("100"), 0U);
  system_.namespaces[ns_path("100")].id = "net:[11]";
  pass(milliseconds(5));
  EXPECT_TRUE(is_set_up("100"));
}

TEST_F(PodSetupsTest, APodWhoseObjectComesLaterIsSetUpWhenItComes) {
  add_pod(a_, "100", 11);
  pass(seconds(1));
  EXPECT_EQ(visits("100"), 0U);
  requests_.add(a_);
  changed_.raise();
  setups_.work();
  EXPECT_TRUE(is_set_up("100"));
}

TEST_F(PodSetupsTest, APodThatDoesNotAskIsNeverEntered) {
  add_pod(a_, "100", 11);
  pass(seconds(60));
  EXPECT_EQ(visits("100"), 0U);
}

TEST_F(PodSetupsTest, OfABurstOfAHundredNoneIsMissed) {
  for (int i = 0; i < 100; ++i) requests_.add(uid_of(100 + i));
  for (int i = 0; i < 100; ++i) {
    add_pod(uid_of(100 + i), std::to_string(1'000 + i), 5'000 + i);
    if (i % 7 == 0) setups_.work();
  }
  pass(seconds(1));
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(is_set_up(std::to_string(1'000 + i))) << i;
  EXPECT_EQ(setups_.counters().done, 100U);
  EXPECT_EQ(setups_.counters().failed, 0U);
}

TEST_F(PodSetupsTest, LostEventsAreMadeUpForByALookAtEverything) {
  requests_.add(a_);
  requests_.add(b_);
  system_.lose_directory_events();
  add_pod(a_, "100", 11);
  setups_.work();
  EXPECT_TRUE(is_set_up("100")) << "the kernel says that some were lost";
  add_pod(b_, "200", 12);
  pass(PodSetups::kPeriod);
  EXPECT_TRUE(is_set_up("200")) << "without a word the period finds it";
}

TEST_F(PodSetupsTest, WithoutControlGroupsAllProcessesAreLookedAtEverySecond) {
  system_.directories.erase(kRoot);
  system_.files.erase(std::string(kRoot) + "/cgroup.controllers");
  pass(PodSetups::kPeriod);
  requests_.add(a_);
  add_process("100", 11, pod_path(a_) + "/sandbox");
  pass(PodSetups::kPeriodWithoutEvents);
  EXPECT_TRUE(is_set_up("100"));
}

TEST_F(PodSetupsTest, WhoseSelfTestFindsTcpStaysAsItWasUntilItFindsSmc) {
  requests_.add(a_);
  system_.ueids.clear();
  testing::internal::CaptureStderr();
  add_pod(a_, "100", 11);
  pass(seconds(40));
  log::flush();
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_THAT(system_.namespaces[ns_path("100")].pnet_table, IsEmpty());
  EXPECT_FALSE(is_set_up("100"));
  EXPECT_GT(setups_.counters().failed, 5U);
  EXPECT_THAT(said, HasSubstr("pod could not be set up"));
  EXPECT_EQ(said.find("could not be", said.find("could not be") + 1), std::string::npos) << said;
  system_.ueids = {"SMC-TEST"};
  pass(PodSetups::kLongestPause);
  EXPECT_TRUE(is_set_up("100"));
}

TEST_F(PodSetupsTest, ANodeThatBecomesReadyEndsThePauses) {
  requests_.add(a_);
  system_.ueids.clear();
  add_pod(a_, "100", 11);
  pass(seconds(40));
  system_.ueids = {"SMC-TEST"};
  setups_.round_ended(false, true);
  setups_.round_ended(true, true);
  setups_.work();
  EXPECT_TRUE(is_set_up("100"));
}

TEST_F(PodSetupsTest, ASelfTestThatHangsTakesATenthOfTheTimeAndNobodyElsesTurn) {
  requests_.add(a_);
  requests_.add(b_);
  system_.pair_error = Error{"connect an SMC socket", ETIMEDOUT, {}};
  system_.pair_takes = seconds(15);
  add_pod(a_, "100", 11);
  setups_.work();
  system_.pair_error.reset();
  system_.pair_takes = milliseconds(80);
  add_pod(b_, "200", 12);
  add_container(a_, "restarted-again");  // hurries nothing
  setups_.work();
  EXPECT_TRUE(is_set_up("200"));
  EXPECT_EQ(visits("100"), 1U);
  pass(seconds(149));
  EXPECT_EQ(visits("100"), 1U);
  pass(seconds(2));
  EXPECT_TRUE(is_set_up("100"));
}

TEST_F(PodSetupsTest, AContainerThatStartsAgainInPlaceOrIsEphemeralChangesNothing) {
  requests_.add(a_);
  add_pod(a_, "100", 11);
  setups_.work();
  const auto writes = system_.writes;
  add_container(a_, "app");
  add_process("101", 11, pod_path(a_) + "/app");
  system_.namespaces[ns_path("101")] = system_.namespaces[ns_path("100")];
  pass(seconds(30));
  EXPECT_EQ(system_.writes, writes);
  EXPECT_EQ(setups_.counters().done, 1U);
}

TEST_F(PodSetupsTest, ASandboxThatIsMadeAnewIsSetUpAnew) {
  requests_.add(a_);
  add_pod(a_, "100", 11);
  setups_.work();
  system_.files[pod_path(a_) + "/sandbox/cgroup.procs"].clear();
  std::erase(system_.directories["/proc"], "100");
  system_.namespaces.erase(ns_path("100"));
  add_container(a_, "sandbox-2");
  add_process("200", 11, pod_path(a_) + "/sandbox-2");  // the kernel gives the number again
  setups_.work();
  EXPECT_TRUE(is_set_up("200"));
}

TEST_F(PodSetupsTest, ASandboxThatFailedAndIsMadeAnewIsSetUpAtOnce) {
  requests_.add(a_);
  system_.ueids.clear();
  add_pod(a_, "100", 11);
  pass(seconds(60));
  system_.files[pod_path(a_) + "/sandbox/cgroup.procs"].clear();
  std::erase(system_.directories["/proc"], "100");
  system_.namespaces.erase(ns_path("100"));
  pass(PodSetups::kLongestPause);
  system_.ueids = {"SMC-TEST"};
  add_container(a_, "sandbox-2");
  add_process("200", 12, pod_path(a_) + "/sandbox-2");
  setups_.work();
  EXPECT_TRUE(is_set_up("200"));
}

TEST_F(PodSetupsTest, WhatAnotherAgentHasSetUpIsNotTestedAgain) {
  requests_.add(a_);
  add_pod(a_, "100", 11);
  system_.namespaces[ns_path("100")].pnet_table = {{"PNA", "eth0", {}, 0}};
  system_.namespaces[ns_path("100")].sysctls[kSwitchPath] = "1\n";
  pass(seconds(30));
  EXPECT_THAT(system_.writes, IsEmpty());
  EXPECT_EQ(visits("100"), 1U) << "and it is not entered at each look";
}

TEST_F(PodSetupsTest, NamespacesThatAPodMakesForItselfAreItsOwnAffair) {
  requests_.add(a_);
  system_.make_directory(kClass, "pod" + a_);
  add_container(a_, "sandbox");
  for (int i = 0; i < 20; ++i)
    add_process(std::to_string(200 + i), 20 + i, pod_path(a_) + "/sandbox");
  add_process("100", 11, pod_path(a_) + "/sandbox");
  const auto stat = [](int start) {
    return "7 (a) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 " + std::to_string(start) + " 0";
  };
  for (int i = 0; i < 20; ++i)
    system_.files["/proc/" + std::to_string(200 + i) + "/stat"] = stat(90);
  system_.files["/proc/100/stat"] = stat(50);
  pass(seconds(30));
  EXPECT_TRUE(is_set_up("100"));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(visits(std::to_string(200 + i)), 0U);
}

TEST_F(PodSetupsTest, AControlGroupInsideAPodIsNoPodOfItsOwn) {
  requests_.add(b_);  // a_ does not ask, and names a group of its own after b_
  add_pod(a_, "100", 11);
  const std::string forged = pod_path(a_) + "/sandbox/pod" + b_;
  system_.make_directory(pod_path(a_) + "/sandbox", "pod" + b_);
  system_.make_directory(forged, "container");
  add_process("101", 11, forged + "/container");
  pass(seconds(30));
  EXPECT_EQ(visits("100") + visits("101"), 0U);
}

TEST_F(PodSetupsTest, ContainersThatWereThereBeforeTheSetUpAreNamed) {
  add_pod(a_, "100", 11);
  add_container(a_, "cri-containerd-sidecar.scope");
  add_process("101", 11, pod_path(a_) + "/cri-containerd-sidecar.scope");
  add_container(a_, "cri-containerd-next.scope");  // made, and without a process yet
  requests_.add(a_);                               // the agent was away until now
  changed_.raise();
  setups_.work();
  EXPECT_THAT(setups_.early_containers(),
              ElementsAre(Pair(a_, ElementsAre("cri-containerd-sidecar.scope", "sandbox"))));
}

TEST_F(PodSetupsTest, APodThatIsGoneIsForgotten) {
  requests_.add(a_);
  add_pod(a_, "100", 11);
  setups_.work();
  std::erase(system_.directories[kClass], "pod" + a_);
  system_.directories.erase(pod_path(a_));
  std::erase(system_.directories["/proc"], "100");
  system_.namespaces.erase(ns_path("100"));
  pass(PodSetups::kPeriod);
  EXPECT_THAT(setups_.early_containers(), IsEmpty());
}

TEST_F(PodSetupsTest, BeforeTheNodesFirstRoundAndAfterUninstallNothingIsSetUp) {
  PodSetups fresh(system_, kRoot, requests_, changed_, lists_);
  requests_.add(a_);
  add_pod(a_, "100", 11);
  fresh.work();
  EXPECT_EQ(fresh.due(), Clock::time_point::max());
  EXPECT_EQ(visits("100"), 0U);
  fresh.round_ended(true, true);
  fresh.work();
  EXPECT_TRUE(is_set_up("100"));
  fresh.round_ended(true, false);
  requests_.add(b_);
  add_pod(b_, "200", 12);
  fresh.work();
  EXPECT_FALSE(is_set_up("200"));
}

TEST_F(PodSetupsTest, AProcessThatEndsUnderwayIsNoFailure) {
  requests_.add(a_);
  system_.before("enter " + ns_path("100"), [this] { system_.namespaces.erase(ns_path("100")); });
  add_pod(a_, "100", 11);
  setups_.work();
  EXPECT_EQ(setups_.counters().failed, 0U);
}

TEST_F(PodSetupsTest, ANamespaceThatCannotBeEnteredIsAFailureWithAHint) {
  requests_.add(a_);
  system_.fail("enter " + ns_path("100"), EPERM);
  testing::internal::CaptureStderr();
  add_pod(a_, "100", 11);
  setups_.work();
  log::flush();
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("enter the network namespace"));
  pass(seconds(1));
  EXPECT_TRUE(is_set_up("100"));
}

}  // namespace
}  // namespace smc::node
