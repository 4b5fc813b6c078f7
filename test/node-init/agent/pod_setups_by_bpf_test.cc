// The agent's set-ups where its BPF switch is the one in use: whom it puts on the list, and when.
#include <gmock/gmock.h>

#include "base/log.h"
#include "node-init/agent/node_switch.h"
#include "node-init/agent/pod_setups.h"
#include "test/node-init/agent/pod_setups_fixture.h"
#include "test/node-init/bpf/fake_bpf.h"

namespace smc::node {
namespace {

using std::chrono::seconds;
using test::kRoot;
using test::PodSetupsTest;
using test::uid_of;
using testing::Contains;
using testing::HasSubstr;

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
