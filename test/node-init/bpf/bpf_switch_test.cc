// The BPF switch is there at every moment from its first round to its removal: across restarts,
// other versions and a death anywhere. Its list has those that are alive, and has room.
#include "node-init/bpf/bpf_switch.h"

#include <cerrno>

#include <gmock/gmock.h>

#include "node-init/bpf/bpf_objects.h"
#include "test/node-init/bpf/fake_bpf.h"

namespace smc::node {
namespace {

using test::BpfKilled;
using test::FakeBpf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

const std::string kDirectory = kBpfDirectory;
const std::string kOldLink = kDirectory + "/program_switch-00000001";
const std::string kOldList = kDirectory + "/namespaces-512";
const std::string kList = kDirectory + "/namespaces-2048";

class BpfSwitchTest : public testing::Test {
 protected:
  void ensure() {
    const auto done = switch_.ensure();
    ASSERT_TRUE(done) << done.error().text();
  }
  // What ensure() says where it fails; empty: it did not.
  Error refusal() {
    const auto done = switch_.ensure();
    EXPECT_FALSE(done);
    EXPECT_FALSE(switch_.in_force());
    return done ? Error{} : done.error();
  }

  FakeBpf bpf_;
  BpfSwitch switch_{bpf_};
};

TEST(BpfObjects, TheProgramIsBuiltInAsAnElfObject) {
  EXPECT_THAT(std::string(program_switch_object()), StartsWith("\x7f"
                                                               "ELF"));
}

TEST_F(BpfSwitchTest, TheFirstRoundAttachesAndPinsIt) {
  EXPECT_FALSE(switch_.in_force());
  EXPECT_EQ(*switch_.present(), false);
  ensure();
  EXPECT_TRUE(switch_.in_force());
  EXPECT_EQ(*switch_.present(), true);
  EXPECT_THAT(bpf_.links, SizeIs(1));
  ASSERT_TRUE(switch_.add({7, 100}));
  EXPECT_TRUE(bpf_.switched(7));
  EXPECT_FALSE(bpf_.switched(8));
}

TEST_F(BpfSwitchTest, ARestartChangesNothing) {
  ensure();
  ASSERT_TRUE(switch_.add({7, 100}));
  bpf_.writes.clear();
  BpfSwitch next(bpf_);
  EXPECT_EQ(*next.ensure(), BpfSwitch::Ensured::kPresent);
  EXPECT_TRUE(next.in_force());
  EXPECT_EQ(next.generation(), 0);
  EXPECT_THAT(bpf_.writes, IsEmpty());
  EXPECT_TRUE(bpf_.switched(7));
}

TEST_F(BpfSwitchTest, AnotherVersionIsReplacedWithoutAGapAndKeepsItsList) {
  bpf_.add_version(kOldLink, kList, {7});
  bpf_.after_write = [&] { EXPECT_TRUE(bpf_.switched(7)) << bpf_.writes.back(); };
  EXPECT_EQ(*switch_.ensure(), BpfSwitch::Ensured::kAttached);
  EXPECT_EQ(switch_.generation(), 0) << "it is the same list";
  EXPECT_FALSE(bpf_.links.contains(kOldLink));
  EXPECT_THAT(bpf_.links, SizeIs(1));
}

TEST_F(BpfSwitchTest, AListOfAnotherSizeIsTakenOver) {
  bpf_.add_version(kOldLink, kOldList, {7, 8});
  bpf_.after_write = [&] { EXPECT_TRUE(bpf_.switched(7) && bpf_.switched(8)); };
  ensure();
  EXPECT_THAT(bpf_.maps, SizeIs(1));
  EXPECT_THAT(bpf_.maps.at(kList)->entries, SizeIs(2));
}

TEST_F(BpfSwitchTest, KilledAnywhereTheNextStartDoesTheRest) {
  for (int killed_at = 0;; ++killed_at) {
    FakeBpf bpf;
    bpf.add_version(kOldLink, kOldList, {7, 8});
    bpf.after_write = [&] {
      EXPECT_TRUE(bpf.switched(7) && bpf.switched(8)) << "killed at " << killed_at;
    };
    bpf.kill_at(killed_at);
    bool killed = false;
    try {
      EXPECT_TRUE(BpfSwitch(bpf).ensure());
    } catch (const BpfKilled&) {
      killed = true;
    }
    EXPECT_TRUE(BpfSwitch(bpf).ensure());
    EXPECT_THAT(bpf.links, SizeIs(1));
    EXPECT_THAT(bpf.maps, SizeIs(1));
    if (!killed) break;
  }
}

// Another form is not guessed at: who sets the pods up hears of the new list.
TEST_F(BpfSwitchTest, AListThatThisVersionCannotReadIsMadeAnew) {
  bpf_.add_version(kOldLink, kOldList, {7});
  bpf_.maps.at(kOldList)->readable = false;
  ensure();
  EXPECT_EQ(switch_.generation(), 1);
  EXPECT_EQ(*switch_.size(), 0U);
  EXPECT_FALSE(bpf_.maps.contains(kOldList));
}

TEST_F(BpfSwitchTest, AListThatSomebodyTookAwayIsMadeAnew) {
  ensure();
  const int before = switch_.generation();
  ASSERT_TRUE(switch_.add({7, 100}));
  bpf_.maps.clear();
  const auto added = switch_.add({8, 101});
  ASSERT_FALSE(added);
  EXPECT_THAT(added.error().hint, HasSubstr("next round"));
  ensure();
  EXPECT_EQ(switch_.generation(), before + 1);
  ASSERT_TRUE(switch_.add({8, 101}));
  EXPECT_TRUE(bpf_.switched(8)) << "the program reads the list that add() writes";
  EXPECT_THAT(bpf_.links, SizeIs(1));
}

TEST_F(BpfSwitchTest, WithoutABpfFileSystemItSaysHowToMountOne) {
  bpf_.mounted = false;
  const Error error = refusal();
  EXPECT_THAT(error.text(), HasSubstr("/sys/fs/bpf is no BPF file system"));
  EXPECT_THAT(error.hint, HasSubstr("mount -t bpf"));
  EXPECT_FALSE(switch_.present());
  EXPECT_THAT(bpf_.writes, IsEmpty());
}

TEST_F(BpfSwitchTest, ADirectoryThatCannotBeMadeIsAnError) {
  bpf_.fail("mkdir", {"make " + kDirectory, EACCES, {}});
  EXPECT_THAT(refusal().text(), HasSubstr(kDirectory));
}

TEST_F(BpfSwitchTest, WithoutTheRightItNamesTheCapabilities) {
  bpf_.fail("attach", {"load the BPF program program_switch", EPERM, {}});
  EXPECT_THAT(refusal().hint, HasSubstr("CAP_BPF"));
}

TEST_F(BpfSwitchTest, WhatTheVerifierRefusesIsToldWithItsWords) {
  bpf_.fail("attach", {"load the BPF program program_switch: update_socket_protocol() is not "
                       "modifiable",
                       EINVAL,
                       {}});
  const Error error = refusal();
  EXPECT_THAT(error.what, HasSubstr("is not modifiable"));
  EXPECT_THAT(error.hint, HasSubstr("CONFIG_MPTCP"));
}

TEST_F(BpfSwitchTest, AKernelThatRefusesTheNewProgramKeepsTheOldOne) {
  bpf_.add_version(kOldLink, kList, {7});
  bpf_.fail("attach", {"load the BPF program program_switch: R0 invalid", EINVAL, {}});
  EXPECT_THAT(refusal().hint, HasSubstr("report"));
  EXPECT_TRUE(bpf_.switched(7));
}

TEST_F(BpfSwitchTest, AFullListIsAnErrorThatNamesTheLimit) {
  ensure();
  for (std::uint64_t i = 0; i < kMaxSwitchedNamespaces; ++i)
    bpf_.maps.at(kList)->entries[i] = i + 10'000;
  const auto added = switch_.add({99'999, 5});
  ASSERT_FALSE(added);
  EXPECT_THAT(added.error().text(), HasSubstr("2048"));
  EXPECT_THAT(added.error().hint, HasSubstr("more nodes"));
  EXPECT_TRUE(switch_.add({0, 10'000})) << "who is on it stays";
}

TEST_F(BpfSwitchTest, AnInodeThatIsGivenAgainBelongsToTheNewNamespaceAlone) {
  ensure();
  ASSERT_TRUE(switch_.add({7, 100}));
  ASSERT_TRUE(switch_.add({7, 100}));
  ASSERT_TRUE(switch_.add({8, 101}));
  ASSERT_TRUE(switch_.add({9, 100}));
  EXPECT_FALSE(bpf_.switched(7));
  EXPECT_TRUE(bpf_.switched(8) && bpf_.switched(9));
}

TEST_F(BpfSwitchTest, NamespacesThatAreGoneAreTakenOff) {
  ensure();
  ASSERT_TRUE(switch_.add({7, 100}));
  ASSERT_TRUE(switch_.add({8, 101}));
  const auto live = []() -> Result<std::set<std::uint64_t>> {
    return std::set<std::uint64_t>{101, 555};
  };
  EXPECT_EQ(*switch_.keep(live), 1U);
  EXPECT_FALSE(bpf_.switched(7));
  EXPECT_TRUE(bpf_.switched(8));
  EXPECT_EQ(*switch_.size(), 1U);
}

TEST_F(BpfSwitchTest, WhoIsAddedWhileTheLivingAreCountedStays) {
  ensure();
  ASSERT_TRUE(switch_.add({7, 100}));
  EXPECT_EQ(*switch_.keep([&]() -> Result<std::set<std::uint64_t>> {
    bpf_.maps.at(kList)->entries[8] = 101;
    return std::set<std::uint64_t>();
  }),
            1U);
  EXPECT_TRUE(bpf_.switched(8));
}

TEST_F(BpfSwitchTest, WhereTheLivingAreNotKnownNobodyIsTakenOff) {
  ensure();
  ASSERT_TRUE(switch_.add({7, 100}));
  EXPECT_FALSE(switch_.keep(
      []() -> Result<std::set<std::uint64_t>> { return Error{"list /proc", EIO, {}}; }));
  EXPECT_TRUE(bpf_.switched(7));
}

TEST_F(BpfSwitchTest, RemovalTakesEveryVersionAwayProgramsFirst) {
  ensure();
  bpf_.add_version(kOldLink, kOldList, {7});
  bpf_.writes.clear();
  EXPECT_EQ(*switch_.remove(), true);
  EXPECT_FALSE(switch_.in_force());
  EXPECT_THAT(bpf_.writes, ElementsAre(HasSubstr("/program_switch-"), HasSubstr("/program_switch-"),
                                       HasSubstr("/namespaces-"), HasSubstr("/namespaces-"),
                                       "remove " + kDirectory));
  EXPECT_FALSE(bpf_.has_directory);
  EXPECT_FALSE(switch_.add({7, 100}));
}

TEST_F(BpfSwitchTest, RemovalOfNothingIsNoError) {
  EXPECT_EQ(*switch_.remove(), false);
  bpf_.mounted = false;
  EXPECT_EQ(*switch_.remove(), false);
}

TEST_F(BpfSwitchTest, RemovalLeavesThePinsOfOtherParts) {
  ensure();
  bpf_.links[kDirectory + "/destinations-1"] = std::make_shared<FakeBpf::Table>();
  EXPECT_EQ(*switch_.remove(), true);
  EXPECT_TRUE(bpf_.has_directory);
  EXPECT_THAT(bpf_.links, SizeIs(1));
}

TEST_F(BpfSwitchTest, APinThatCannotBeRemovedIsAnError) {
  ensure();
  bpf_.fail("remove", {"remove it", EBUSY, {}});
  EXPECT_FALSE(switch_.remove());
}

}  // namespace
}  // namespace smc::node
