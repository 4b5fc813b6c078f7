// The BPF switch in a round of the agent: there where it is the one to use, away where another is.
#include "node-init/agent/node_switch.h"

#include <cerrno>

#include <gmock/gmock.h>

#include "test/node-init/bpf/fake_bpf.h"
#include "test/node-init/kernel/fake_system.h"

namespace smc::node {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Kind = SetupStep::Kind;

class NodeSwitchTest : public testing::Test {
 protected:
  NodeSwitchTest() {
    system_.enter("node");
    system_.node().sysctls.erase(kSwitchPath);
    system_.offer_bpf_switch();
    add_process("1", 4026531840);
  }
  void add_process(const std::string& process, std::uint64_t inode) {
    system_.directories["/proc"].push_back(process);
    system_.namespaces["/proc/" + process + "/ns/net"].id = "net:[" + std::to_string(inode) + "]";
  }
  SwitchRound round(SwitchChoice choice = SwitchChoice::kAuto, bool dry_run = false,
                    Programs programs = Programs::kSwitch) {
    return round_of_switch(system_, switch_, choice, programs, dry_run);
  }
  static std::vector<Kind> kinds(const SwitchRound& round) {
    std::vector<Kind> kinds;
    for (const SetupStep& step : round.steps) kinds.push_back(step.kind);
    return kinds;
  }

  test::FakeSystem system_;
  test::FakeBpf bpf_;
  BpfSwitch switch_{bpf_};
};

TEST_F(NodeSwitchTest, TheFirstRoundAttachesItAndTheSecondSaysHowFullItIs) {
  EXPECT_THAT(kinds(round()), ElementsAre(Kind::kAttachSwitch));
  add_process("55", 100);
  ASSERT_TRUE(switch_.add({7, 100}));
  ASSERT_TRUE(switch_.add({8, 101}));  // whose last process has ended
  const SwitchRound second = round();
  EXPECT_THAT(second.steps, IsEmpty());
  ASSERT_THAT(second.checks, SizeIs(1));
  EXPECT_EQ(second.checks[0].verdict, Verdict::kPass);
  EXPECT_THAT(second.checks[0].finding, HasSubstr("on in 1 of at most 2048"));
  ASSERT_TRUE(second.list);
  EXPECT_EQ(second.list->entries, 1U);
  EXPECT_EQ(second.list->limit, kMaxSwitchedNamespaces);
}

TEST_F(NodeSwitchTest, AListThatIsNearlyFullIsAWarningAndTheNodeStaysReady) {
  (void)round();
  auto& entries = bpf_.maps.begin()->second->entries;
  const auto fill = [&](std::uint64_t until) {
    for (std::uint64_t cookie = entries.size(); cookie < until; ++cookie)
      entries[1'000'000 + cookie] = 4026531840;
  };
  fill(1'843);  // of 2,048
  EXPECT_EQ(round().checks.at(0).verdict, Verdict::kPass);
  fill(1'844);
  const SwitchRound full = round();
  EXPECT_EQ(full.checks.at(0).verdict, Verdict::kWarn);
  EXPECT_THAT(full.checks.at(0).finding, HasSubstr("on in 1844 of at most 2048"));
  EXPECT_THAT(full.checks.at(0).hint, HasSubstr("stay on TCP"));
}

TEST_F(NodeSwitchTest, WhatSomebodyTookAwayIsARepair) {
  EXPECT_FALSE(round().steps.at(0).repair);
  bpf_.links.clear();
  const SwitchRound again = round();
  ASSERT_THAT(again.steps, SizeIs(1));
  EXPECT_TRUE(again.steps[0].repair);
}

TEST_F(NodeSwitchTest, AKernelWithASwitchOfItsOwnNeedsNone) {
  system_.node().sysctls[kSwitchPath] = "0\n";
  EXPECT_THAT(round().steps, IsEmpty());
  EXPECT_THAT(bpf_.writes, IsEmpty());
  EXPECT_THAT(kinds(round(SwitchChoice::kBpf)), ElementsAre(Kind::kAttachSwitch))
      << "unless it is asked for";
}

TEST_F(NodeSwitchTest, AnotherChoiceTakesItAway) {
  (void)round();
  EXPECT_THAT(kinds(round(SwitchChoice::kNone)), ElementsAre(Kind::kRemoveSwitch));
  EXPECT_FALSE(bpf_.has_directory);
  EXPECT_THAT(round(SwitchChoice::kNone).steps, IsEmpty());
  (void)round();
  EXPECT_THAT(kinds(round(SwitchChoice::kTcp2smc)), ElementsAre(Kind::kRemoveSwitch));
}

TEST_F(NodeSwitchTest, ADryRunSaysWhatItWouldDo) {
  EXPECT_THAT(kinds(round(SwitchChoice::kAuto, /*dry_run=*/true)),
              ElementsAre(Kind::kAttachSwitch));
  EXPECT_THAT(bpf_.writes, IsEmpty());
  (void)round();
  bpf_.writes.clear();
  EXPECT_THAT(round(SwitchChoice::kAuto, true).steps, IsEmpty());
  EXPECT_THAT(kinds(round(SwitchChoice::kNone, true)), ElementsAre(Kind::kRemoveSwitch));
  EXPECT_THAT(bpf_.writes, IsEmpty());
}

TEST_F(NodeSwitchTest, ARefusalMakesTheNodeNotReadyUnlessItsProgramsAsk) {
  bpf_.fail("attach", {"load the BPF program program_switch", EPERM, {}});
  const SwitchRound refused = round();
  ASSERT_THAT(refused.checks, SizeIs(1));
  EXPECT_EQ(refused.checks[0].verdict, Verdict::kFail);
  EXPECT_THAT(refused.checks[0].hint, HasSubstr("CAP_BPF"));
  EXPECT_EQ(round(SwitchChoice::kAuto, false, Programs::kAsk).checks.at(0).verdict, Verdict::kWarn);
}

TEST_F(NodeSwitchTest, WithoutABpfFileSystemADryRunSaysSo) {
  bpf_.mounted = false;
  const SwitchRound refused = round(SwitchChoice::kAuto, /*dry_run=*/true);
  ASSERT_THAT(refused.checks, SizeIs(1));
  EXPECT_THAT(refused.checks[0].hint, HasSubstr("mount -t bpf"));
}

}  // namespace
}  // namespace smc::node
