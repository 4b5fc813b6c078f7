// The agent sets up the namespaces of pods that ask for it: at once, each, once, and no others.
#include "node-init/agent/pod_setups.h"

#include <cerrno>

#include <gmock/gmock.h>

#include "base/log.h"
#include "node-init/agent/node_switch.h"
#include "node-init/kernel/program_switch.h"
#include "test/node-init/bpf/fake_bpf.h"
#include "test/node-init/kernel/fake_system.h"
#include "test/node-init/pod/recorded_lists.h"

namespace smc::node {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::FakeNamespace;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::StartsWith;

constexpr const char* kRoot = "/sys/fs/cgroup";
constexpr const char* kClass = "/sys/fs/cgroup/kubepods/burstable";

std::string uid_of(int number) {
  char text[40];
  std::snprintf(text, sizeof text, "%08x-11aa-4b2c-9d3e-5f60718293a4", number);
  return text;
}

class Requests final : public PodRequests {
 public:
  std::optional<PodRequest> request_of(const std::string& uid) const override {
    const auto found = all.find(uid);
    return found == all.end() ? std::nullopt : std::optional(found->second);
  }
  void add(const std::string& uid) {
    PodOptions options;
    options.test_first = true;
    options.self_test = SelfTestMode::kOn;
    all[uid] = {{"shop", "pod-" + uid.substr(0, 8)}, options};
  }
  std::map<std::string, PodRequest> all;
};

class PodSetupsTest : public testing::Test {
 protected:
  PodSetupsTest() {
    system_.enter("node");
    system_.smc_loaded = true;
    system_.pod().sysctls[kSwitchPath] = "0\n";
    add_process("1", 4026531840);
    system_.files[std::string(kRoot) + "/cgroup.controllers"] = "pids\n";
    system_.make_directory(kRoot, "kubepods");
    system_.make_directory(std::string(kRoot) + "/kubepods", "burstable");
    setups_.round_ended(/*ready=*/true, /*active=*/true);
    setups_.work();
  }

  static std::string ns_path(const std::string& process) { return "/proc/" + process + "/ns/net"; }
  static std::string pod_path(const std::string& uid) { return std::string(kClass) + "/pod" + uid; }

  void add_process(const std::string& process, std::uint64_t inode, const std::string& group = "") {
    system_.directories["/proc"].push_back(process);
    system_.files["/proc/" + process + "/cgroup"] =
        "0::" + (group.empty() ? "/init.scope" : group.substr(std::string(kRoot).size())) + "\n";
    FakeNamespace& space = system_.namespaces[ns_path(process)] = system_.pod();
    space.id = "net:[" + std::to_string(inode) + "]";
    if (!group.empty()) system_.files[group + "/cgroup.procs"] += process + "\n";
  }
  void add_container(const std::string& uid, const std::string& name) {
    system_.make_directory(pod_path(uid), name);
    system_.files[pod_path(uid) + "/" + name + "/cgroup.procs"];
  }
  // As a runtime makes it: control groups first, the first process then.
  void add_pod(const std::string& uid, const std::string& process, std::uint64_t inode) {
    system_.make_directory(kClass, "pod" + uid);
    add_container(uid, "sandbox");
    add_process(process, inode, pod_path(uid) + "/sandbox");
  }

  // Works for this long, as the thread does.
  void pass(Clock::duration duration) {
    const auto end = system_.now() + duration;
    setups_.work();
    while (setups_.due() <= end) {
      sleep_until(setups_.due());
      setups_.work();
    }
    sleep_until(end);
  }
  void sleep_until(Clock::time_point time) {
    const auto left = time - system_.now();
    if (left > Clock::duration::zero()) system_.sleep_for(std::chrono::ceil<milliseconds>(left));
  }
  bool is_set_up(const std::string& process) {
    const FakeNamespace& space = system_.namespaces.at(ns_path(process));
    return space.sysctls.at(kSwitchPath) == "1\n" && space.pnet_table.size() == 1;
  }
  std::size_t visits(const std::string& process) const {
    return static_cast<std::size_t>(
        std::ranges::count(system_.requests, "enter " + ns_path(process)));
  }

  test::FakeSystem system_;
  Requests requests_;
  EventFd changed_;
  test::RecordedLists lists_{system_};
  PodSetups setups_{system_, kRoot, requests_, changed_, lists_};
  const std::string a_ = uid_of(10);
  const std::string b_ = uid_of(11);
};

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

TEST_F(PodSetupsTest, DestinationsAreExcludedBeforeThePodIsSwitched) {
  system_.pod().sysctls[kControlPath] = "\n";
  requests_.add(a_);
  requests_.all[a_].options.exclude_destinations = {{0, 0, 6379}};
  add_pod(a_, "100", 11);
  setups_.work();
  EXPECT_TRUE(is_set_up("100"));
  EXPECT_THAT(system_.writes,
              ElementsAre(StartsWith("ROUTE up"), StartsWith("ROUTE address"),
                          "SMC_PNETID ADD lo=PNA", "exclude :6379", HasSubstr("hs_ctrl"),
                          "SMC_PNETID ADD eth0=PNA", HasSubstr(kSwitchPath)));
  system_.writes.clear();
  pass(seconds(30));
  EXPECT_THAT(system_.writes, IsEmpty());
}

TEST_F(PodSetupsTest, APodThatSetsItselfUpGetsItsDestinationsAlone) {
  system_.pod().sysctls[kControlPath] = "\n";
  PodRequest request{{"shop", "own"}, {}, true};
  request.options.exclude_destinations = {{0, 0, 6379}};
  requests_.all[a_] = request;
  add_pod(a_, "100", 11);
  pass(seconds(30));
  EXPECT_THAT(system_.writes, ElementsAre("exclude :6379", HasSubstr("hs_ctrl")));
  EXPECT_EQ(setups_.counters().done, 0U);
  EXPECT_THAT(setups_.early_containers(), IsEmpty());
}

TEST_F(PodSetupsTest, DestinationsThatAreRefusedAreTriedAgain) {
  system_.pod().sysctls[kControlPath] = "\n";
  lists_.refuses = true;
  PodRequest request{{"shop", "own"}, {}, true};
  request.options.exclude_destinations = {{0, 0, 6379}};
  requests_.all[a_] = request;
  add_pod(a_, "100", 11);
  pass(seconds(1));
  EXPECT_GT(setups_.counters().failed, 1U);
  lists_.refuses = false;
  pass(seconds(10));
  EXPECT_THAT(system_.writes, ElementsAre("exclude :6379", HasSubstr("hs_ctrl")));
}

TEST_F(PodSetupsTest, ListsOfNamespacesThatAreGoneAreForgotten) {
  pass(seconds(20));
  EXPECT_THAT(lists_.kept, IsEmpty());  // as long as there are none, nobody looks
  lists_.any = true;
  add_pod(a_, "100", 11);
  pass(seconds(20));
  EXPECT_THAT(lists_.kept, ElementsAre(11, 4026531840));
}

TEST_F(PodSetupsTest, OnAKernelWithoutHandshakeControlAPodThatSetsItselfUpIsLeftToItself) {
  PodRequest request{{"shop", "own"}, {}, true};
  request.options.exclude_destinations = {{0, 0, 6379}};
  requests_.all[a_] = request;
  add_pod(a_, "100", 11);
  pass(seconds(30));
  EXPECT_THAT(system_.writes, IsEmpty());
  EXPECT_EQ(setups_.counters().failed, 0U);
  EXPECT_EQ(visits("100"), 1U);
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

// --- where the agent's BPF switch is the one in use

class PodSetupsByBpfTest : public PodSetupsTest {
 protected:
  PodSetupsByBpfTest() {
    for (const char* name : {"pod", "node"}) system_.namespaces.at(name).sysctls.erase(kSwitchPath);
    system_.offer_bpf_switch();
    system_.switched_by_bpf = [this](std::uint64_t cookie) { return bpf_.switched(cookie); };
    (void)switch_.ensure();
    by_bpf_.round_ended(/*ready=*/true, /*active=*/true);
    by_bpf_.work();
  }

  // Cookies of namespaces are as good as their processes' numbers here.
  void add_bpf_pod(const std::string& uid, const std::string& process, std::uint64_t inode) {
    add_pod(uid, process, inode);
    system_.namespaces.at(ns_path(process)).cookie = std::stoull(process);
  }
  void pass_by_bpf(Clock::duration duration) {
    const auto end = system_.now() + duration;
    by_bpf_.work();
    while (by_bpf_.due() <= end) {
      sleep_until(by_bpf_.due());
      by_bpf_.work();
    }
    sleep_until(end);
  }
  void end_process(const std::string& process) {
    std::erase(system_.directories["/proc"], process);
    system_.namespaces.erase(ns_path(process));
  }

  test::FakeBpf bpf_;
  BpfSwitch switch_{bpf_};
  PodSetups by_bpf_{system_, kRoot, requests_, changed_, lists_, &switch_};
};

TEST_F(PodSetupsByBpfTest, APodIsPutOnTheListLast) {
  bpf_.after_write = [this] {
    EXPECT_THAT(system_.writes, Contains("SMC_PNETID ADD eth0=PNA")) << bpf_.writes.back();
  };
  requests_.add(a_);
  add_bpf_pod(a_, "100", 11);
  add_bpf_pod(b_, "200", 12);
  by_bpf_.work();
  EXPECT_TRUE(bpf_.switched(100));
  EXPECT_FALSE(bpf_.switched(200)) << "it does not ask";
  EXPECT_EQ(by_bpf_.counters().done, 1U);
}

TEST_F(PodSetupsByBpfTest, WhoseSelfTestFindsTcpIsNotPutOnTheList) {
  requests_.add(a_);
  system_.ueids.clear();
  add_bpf_pod(a_, "100", 11);
  pass_by_bpf(seconds(5));
  EXPECT_FALSE(bpf_.switched(100));
  EXPECT_GT(by_bpf_.counters().failed, 0U);
}

TEST_F(PodSetupsByBpfTest, APrivilegedPodGetsItsSwitchWhereItIsTheAgents) {
  requests_.add(a_);
  requests_.all.at(a_).privileged = true;
  ASSERT_TRUE(switch_.remove());
  add_bpf_pod(a_, "100", 11);
  pass_by_bpf(seconds(30));
  EXPECT_EQ(visits("100"), 0U) << "without the switch its container does everything";
  ASSERT_TRUE(switch_.ensure());
  by_bpf_.round_ended(true, true);
  pass_by_bpf(seconds(1));
  EXPECT_TRUE(bpf_.switched(100));
}

TEST_F(PodSetupsByBpfTest, AnotherProgramThatAnswersFirstIsAFailureThatSaysSo) {
  requests_.add(a_);
  system_.switched_by_bpf = {};
  testing::internal::CaptureStderr();
  add_bpf_pod(a_, "100", 11);
  by_bpf_.work();
  log::flush();
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("bpftool prog"));
  EXPECT_EQ(by_bpf_.counters().failed, 1U);
}

TEST_F(PodSetupsByBpfTest, AThousandPodsThatComeAndGoLeaveNothingOnTheList) {
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 100; ++i) {
      const int number = 1'000 + round * 100 + i;
      requests_.add(uid_of(number));
      add_bpf_pod(uid_of(number), std::to_string(number), static_cast<std::uint64_t>(number));
    }
    pass_by_bpf(seconds(1));
    EXPECT_EQ(*switch_.size(), 100U);
    for (int i = 0; i < 100; ++i) end_process(std::to_string(1'000 + round * 100 + i));
    (void)round_of_switch(system_, switch_, SwitchChoice::kAuto, Programs::kSwitch, false);
    EXPECT_EQ(*switch_.size(), 0U);
  }
}

TEST_F(PodSetupsByBpfTest, WhereTheListWasMadeAnewEverybodyIsPutOnItAgain) {
  requests_.add(a_);
  add_bpf_pod(a_, "100", 11);
  by_bpf_.work();
  bpf_.maps.clear();
  ASSERT_TRUE(switch_.ensure());
  EXPECT_FALSE(bpf_.switched(100));
  by_bpf_.round_ended(true, true);
  pass_by_bpf(PodSetups::kPeriod);
  EXPECT_TRUE(bpf_.switched(100));
}

TEST_F(PodSetupsByBpfTest, AFullListIsAFailureOfThePodThatNamesTheLimit) {
  for (std::uint64_t i = 0; i < kMaxSwitchedNamespaces; ++i)
    bpf_.maps.begin()->second->entries[1'000'000 + i] = 4026531840;
  requests_.add(a_);
  testing::internal::CaptureStderr();
  add_bpf_pod(a_, "100", 11);
  by_bpf_.work();
  log::flush();
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("2048"));
  EXPECT_EQ(by_bpf_.counters().failed, 1U);
}

}  // namespace
}  // namespace smc::node
