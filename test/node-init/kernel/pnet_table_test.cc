// The pnetid table: what is written, in which order, and what happens when others write too.
#include "node-init/kernel/pnet_table.h"

#include <cerrno>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/node-init/kernel/fake_system.h"
#include "test/node-init/kernel/netlink_bytes.h"

namespace smc::node {
namespace {

using test::FakeSystem;
using testing::ElementsAre;
using testing::IsEmpty;

class PnetTableTest : public testing::Test {
 protected:
  Result<PnetChange> ensure() { return ensure_pnet_entry(system_, {"PNA", "eth0", {}, 0}); }
  std::vector<PnetEntry>& table() { return system_.pod().pnet_table; }

  FakeSystem system_;
  const PnetEntry wanted_{"PNA", "eth0", {}, 0};
};

TEST(PnetidTest, IsOneToSixteenLettersAndDigitsInUpperCase) {
  EXPECT_EQ(normal_pnetid("abcDEF0123456789"), "ABCDEF0123456789");
  EXPECT_EQ(normal_pnetid("A"), "A");
  for (const char* bad : {"", "12345678901234567", "A B", "A-B", "A\n", "\xc3\xa4", "A_B"})
    EXPECT_EQ(normal_pnetid(bad), std::nullopt) << bad;
}

TEST_F(PnetTableTest, MissingPartsReadAsEmpty) {
  system_.enter("node");
  system_.node().pnet_table = {{"PNA", "eth1", {}, 0}, {"PNB", {}, "rdma0", 2}};
  const auto read = read_pnet_table(system_);
  ASSERT_TRUE(read);
  EXPECT_THAT(*read,
              ElementsAre(PnetEntry{"PNA", "eth1", {}, 0}, PnetEntry{"PNB", {}, "rdma0", 2}));
}

TEST_F(PnetTableTest, WhatIsThereIsLeftAlone) {
  table() = {wanted_};
  const auto change = ensure();
  ASSERT_TRUE(change);
  EXPECT_EQ(*change, PnetChange::kNone);
  EXPECT_THAT(system_.writes, IsEmpty());
}

TEST_F(PnetTableTest, AMissingEntryIsAdded) {
  const auto change = ensure();
  ASSERT_TRUE(change);
  EXPECT_EQ(*change, PnetChange::kAdded);
  EXPECT_THAT(system_.writes, ElementsAre("SMC_PNETID ADD eth0=PNA"));
  EXPECT_EQ(system_.requests.back(), "SMC_PNETID GET");  // read back
}

TEST_F(PnetTableTest, AStaleEntryIsRemovedAndAddedAnew) {
  table() = {{"OLD", "eth0", {}, 0}};
  const auto change = ensure();
  ASSERT_TRUE(change);
  EXPECT_EQ(*change, PnetChange::kCorrected);
  EXPECT_THAT(system_.writes, ElementsAre("SMC_PNETID DEL OLD", "SMC_PNETID ADD eth0=PNA"));
  EXPECT_THAT(table(), ElementsAre(wanted_));
}

TEST_F(PnetTableTest, OtherInterfacesOfTheStalePnetidKeepTheirEntries) {
  table() = {{"OLD", "eth0", {}, 0}, {"OLD", "eth1", {}, 0}, {"ELSE", "eth2", {}, 0}};
  ASSERT_TRUE(ensure());
  EXPECT_THAT(system_.writes, ElementsAre("SMC_PNETID DEL OLD", "SMC_PNETID ADD eth0=PNA",
                                          "SMC_PNETID ADD eth1=OLD"));
  EXPECT_THAT(table(), testing::UnorderedElementsAre(wanted_, PnetEntry{"OLD", "eth1", {}, 0},
                                                     PnetEntry{"ELSE", "eth2", {}, 0}));
}

TEST_F(PnetTableTest, AnotherProgramThatAddsTheSameFirstIsFine) {
  system_.before("SMC_PNETID ADD", [&] { table().push_back(wanted_); });
  const auto change = ensure();
  ASSERT_TRUE(change);
  EXPECT_EQ(*change, PnetChange::kNone);
  EXPECT_THAT(system_.writes, ElementsAre("SMC_PNETID ADD eth0=PNA -> 17"));
}

TEST_F(PnetTableTest, AnotherProgramThatAddsADifferentOneFirstIsCorrected) {
  system_.before("SMC_PNETID ADD", [&] { table().push_back({"OTHER", "eth0", {}, 0}); });
  const auto change = ensure();
  ASSERT_TRUE(change);
  EXPECT_EQ(*change, PnetChange::kCorrected);
  EXPECT_THAT(system_.writes, ElementsAre("SMC_PNETID ADD eth0=PNA -> 17", "SMC_PNETID DEL OTHER",
                                          "SMC_PNETID ADD eth0=PNA"));
}

TEST_F(PnetTableTest, AStaleEntryThatGoesAwayMeanwhileIsNoError) {
  table() = {{"OLD", "eth0", {}, 0}};
  system_.before("SMC_PNETID DEL", [&] { table().clear(); });
  ASSERT_TRUE(ensure());
  EXPECT_THAT(table(), ElementsAre(wanted_));
}

TEST_F(PnetTableTest, AProgramThatNeverGivesUpEndsInEBUSY) {
  for (int i = 0; i < 100; ++i)
    system_.before("SMC_PNETID GET", [&] { table() = {{"OTHER", "eth0", {}, 0}}; });
  const auto change = ensure();
  ASSERT_FALSE(change);
  EXPECT_EQ(change.error().code, EBUSY);
  EXPECT_FALSE(change.error().hint.empty());
}

TEST_F(PnetTableTest, APnetidFromTheHardwareIsReportedAsSuch) {
  // The kernel answers EEXIST and stores nothing.
  system_.fail("SMC_PNETID ADD", EEXIST, 100);
  const auto change = ensure();
  ASSERT_FALSE(change);
  EXPECT_EQ(change.error().code, EEXIST);
  EXPECT_NE(change.error().hint.find("hardware"), std::string::npos);
}

TEST_F(PnetTableTest, EPERMComesWithAHint) {
  system_.fail("SMC_PNETID ADD", EPERM);
  const auto change = ensure();
  ASSERT_FALSE(change);
  EXPECT_EQ(change.error().code, EPERM);
  EXPECT_NE(change.error().hint.find("CAP_NET_ADMIN"), std::string::npos);
}

TEST_F(PnetTableTest, EPERMBetweenRemovingAndAddingIsReported) {
  table() = {{"OLD", "eth0", {}, 0}};
  system_.fail("SMC_PNETID ADD", EPERM);
  const auto change = ensure();
  ASSERT_FALSE(change);
  EXPECT_EQ(change.error().code, EPERM);
}

TEST_F(PnetTableTest, RemovingWhatIsNotThereIsENOENT) {
  const auto removed = remove_pnetid(system_, "NONE");
  ASSERT_FALSE(removed);
  EXPECT_EQ(removed.error().code, ENOENT);
}

TEST_F(PnetTableTest, ATableOfTornMessagesIsMalformedNotEmpty) {
  system_.replay("SMC_PNETID GET", {test::generic(0x21, 1, "").substr(0, 12)});
  const auto read = read_pnet_table(system_);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, EBADMSG);
}

TEST_F(PnetTableTest, EntriesWithoutANameAreSkipped) {
  system_.replay(
      "SMC_PNETID GET",
      {test::generic(0x21, 1, test::text_attribute(2, "eth0")) +
       test::generic(0x21, 1, test::text_attribute(1, "PNA") + test::text_attribute(2, "eth1")) +
       test::done()});
  const auto read = read_pnet_table(system_);
  ASSERT_TRUE(read);
  EXPECT_THAT(*read, ElementsAre(PnetEntry{"PNA", "eth1", {}, 0}));
}

TEST_F(PnetTableTest, TheDeviceHalfIsWrittenOnTheNodeAlone) {
  system_.enter("node");
  system_.devices[0].ports[0].pnetid.clear();
  const auto change = ensure_pnet_entry(system_, {"PNZ", {}, "rdma0", 1});
  ASSERT_TRUE(change);
  EXPECT_EQ(*change, PnetChange::kAdded);
  EXPECT_THAT(system_.writes, ElementsAre("SMC_PNETID ADD rdma0/1=PNZ"));
  EXPECT_EQ(system_.devices[0].ports[0].pnetid, "PNZ");
}

}  // namespace
}  // namespace smc::node
