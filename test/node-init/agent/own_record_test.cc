#include "node-init/agent/own_record.h"

#include <cerrno>
#include <fstream>

#include <gmock/gmock.h>

#include "base/file.h"
#include "test/node-init/kernel/fake_system.h"
#include "test/support/temporary_directory.h"

namespace smc::node {
namespace {

using testing::HasSubstr;

constexpr std::chrono::milliseconds kSoon{60};

class OwnRecordTest : public testing::Test {
 protected:
  OwnRecord written() const {
    OwnRecord record;
    record.ueids = {"SMCE2E"};
    record.add_pnetid({"rxe0", 1, "NODENET"});
    return record;
  }

  test::FakeSystem system_;  // its clock alone
  smc::test::TemporaryDirectory directory_;
  OwnRecordFile file_{directory_.path() + "/state", "boot-1"};
};

TEST_F(OwnRecordTest, IsEmptyWhereThereIsNone) {
  const auto record = file_.load();
  ASSERT_TRUE(record) << record.error().text();
  EXPECT_TRUE(record->ueids.empty());
  EXPECT_TRUE(record->pnetids.empty());
  EXPECT_FALSE(record->uninstalled);
}

TEST_F(OwnRecordTest, SurvivesARestartOfTheAgent) {
  ASSERT_TRUE(file_.lock(system_, kSoon));
  ASSERT_TRUE(file_.save(written()));
  const auto record = OwnRecordFile(directory_.path() + "/state", "boot-1").load();
  ASSERT_TRUE(record);
  EXPECT_TRUE(record->owns_ueid("SMCE2E"));
  EXPECT_TRUE(record->owns_pnetid({"rxe0", 1, "NODENET"}));
  EXPECT_FALSE(record->owns_pnetid({"rxe0", 2, "NODENET"}));
}

TEST_F(OwnRecordTest, OfAnotherBootCountsForNothing) {
  ASSERT_TRUE(file_.lock(system_, kSoon));
  ASSERT_TRUE(file_.save(written()));
  const auto record = OwnRecordFile(directory_.path() + "/state", "boot-2").load();
  ASSERT_TRUE(record);
  EXPECT_FALSE(record->owns_ueid("SMCE2E"));
}

TEST_F(OwnRecordTest, HoldsTheOldEntryOfAPortUntilTheNewOneIsSettled) {
  OwnRecord record = written();
  record.add_pnetid({"rxe0", 1, "OTHER"});
  record.add_pnetid({"rxe0", 1, "OTHER"});
  record.add_pnetid({"rxe0", 2, "SECOND"});
  EXPECT_EQ(record.pnetids.size(), 3u);
  record.settle_pnetid({"rxe0", 1, "OTHER"});
  EXPECT_THAT(record.pnetids,
              testing::ElementsAre(OwnPnetid{"rxe0", 1, "OTHER"}, OwnPnetid{"rxe0", 2, "SECOND"}));
}

TEST_F(OwnRecordTest, MalformedIsAnErrorThatLeavesTheFileAsItIs) {
  ASSERT_TRUE(file_.lock(system_, kSoon));
  for (const std::string malformed :
       {"", "{", "[]", "7", R"({"bootId":"boot-1"})",
        R"({"bootId":"boot-1","uninstalled":0,"ueids":[],"pnetids":[]})",
        R"({"bootId":"boot-1","uninstalled":false,"ueids":[1],"pnetids":[]})"}) {
    std::ofstream(file_.path()) << malformed;
    const auto record = file_.load();
    ASSERT_FALSE(record) << malformed;
    EXPECT_EQ(record.error().code, EBADMSG);
    EXPECT_THAT(record.error().text(), HasSubstr(file_.path()));
    EXPECT_FALSE(record.error().hint.empty());
    EXPECT_EQ(*read_file(file_.path(), 1'000), malformed);
  }
  ASSERT_TRUE(file_.set_aside());
  EXPECT_TRUE(file_.load());
  EXPECT_TRUE(read_file(file_.path() + ".bad", 1'000));
}

TEST_F(OwnRecordTest, TheLockKeepsASecondAgentOut) {
  auto first = file_.lock(system_, kSoon);
  ASSERT_TRUE(first);
  const auto second = file_.lock(system_, kSoon);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, EBUSY);
  first->reset();
  EXPECT_TRUE(file_.lock(system_, kSoon));
}

TEST_F(OwnRecordTest, ADirectoryThatCannotBeMadeNamesTheFlag) {
  std::ofstream(directory_.file("file")) << "x";
  const auto lock =
      OwnRecordFile(directory_.file("file") + "/state", "boot-1").lock(system_, kSoon);
  ASSERT_FALSE(lock);
  EXPECT_THAT(lock.error().hint, HasSubstr("--state-dir"));
}

}  // namespace
}  // namespace smc::node
