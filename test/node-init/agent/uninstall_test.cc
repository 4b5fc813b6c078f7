// What the agent's `--uninstall` takes back, and what becomes of it where a step fails.
#include <cerrno>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "node-init/agent/node_setup.h"
#include "test/node-init/agent/node_round_fixture.h"

namespace smc::node {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Uninstall : public NodeRound {
 protected:
  // As the command does it.
  Result<void> uninstall() {
    auto record = file_.load();
    record->uninstalled = true;
    return remove_own_setup(system_, file_, *record, undone_);
  }
  std::vector<std::string> undone_;
};

TEST_F(Uninstall, TakesBackItsOwnAndLeavesOthers) {
  (void)round();
  system_.ueids.push_back("OTHER");
  system_.node().pnet_table.push_back({"NODENET", "eth0", "", 0});
  ASSERT_TRUE(uninstall());
  EXPECT_THAT(system_.ueids, ElementsAre("OTHER"));
  EXPECT_THAT(system_.node().pnet_table, ElementsAre(PnetEntry{"NODENET", "eth0", "", 0}));
  EXPECT_THAT(undone_, ElementsAre("pnetid NODENET of rdma0 port 1", "UEID SMC-TEST"));
}

TEST_F(Uninstall, WhatIsGoneAlreadyIsNoError) {
  (void)round();
  system_.ueids.clear();
  system_.node().pnet_table.clear();
  ASSERT_TRUE(uninstall());
  EXPECT_THAT(undone_, IsEmpty());
}

TEST_F(Uninstall, WhatWasAdoptedStays) {
  system_.ueids = {"SMC-TEST"};
  system_.node().pnet_table = {{"OTHER", "", "rdma0", 1}};
  system_.devices[0].ports[0].pnetid = "OTHER";
  (void)round();
  ASSERT_TRUE(uninstall());
  EXPECT_THAT(system_.writes, IsEmpty());
}

TEST_F(Uninstall, GoesOnAfterAFailureAndCanBeRepeated) {
  (void)round();
  system_.fail("SMC_PNETID DEL", EPERM);
  const auto first = uninstall();
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().code, EPERM);
  EXPECT_THAT(system_.ueids, IsEmpty());
  ASSERT_TRUE(uninstall());
  EXPECT_THAT(system_.node().pnet_table, IsEmpty());
}

TEST_F(Uninstall, ARunningAgentSetsNothingUpUntilItIsStartedAgain) {
  (void)round();
  ASSERT_TRUE(uninstall());
  system_.writes.clear();
  const NodeReport report = round();
  EXPECT_THAT(system_.writes, IsEmpty());
  EXPECT_FALSE(report.ready());
  const auto again = resume_after_uninstall(system_, file_);
  ASSERT_TRUE(again);
  EXPECT_TRUE(*again);
  EXPECT_EQ(round().exit_code(), ExitCode::kDone);
  expect_set_up();
}

}  // namespace
}  // namespace smc::node
