#include "node-init/agent/own_record.h"

#include <cerrno>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <sys/stat.h>

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

// Whoever may write into the directory for a moment must not make the agent write elsewhere, read a
// record that is not its own, or hang.
class Planted : public OwnRecordTest {
 protected:
  Planted() { EXPECT_TRUE(file_.lock(system_, kSoon)); }

  const std::string target_ = directory_.file("target");
  const std::string lock_ = directory_.path() + "/state/lock";
};

TEST_F(Planted, ALinkInPlaceOfTheRecordIsNotFollowed) {
  ASSERT_TRUE(file_.save(written()));
  std::filesystem::rename(file_.path(), target_);
  std::filesystem::create_symlink(target_, file_.path());
  const std::string before = *read_file(target_, 1'000);
  const auto record = file_.load();
  ASSERT_FALSE(record);
  EXPECT_EQ(record.error().code, EBADMSG);
  ASSERT_TRUE(file_.save({}));
  EXPECT_EQ(*read_file(target_, 1'000), before);
  EXPECT_FALSE(std::filesystem::is_symlink(file_.path()));
}

TEST_F(Planted, AHardLinkInPlaceOfTheRecordIsNotRead) {
  ASSERT_TRUE(file_.save(written()));
  std::filesystem::create_hard_link(file_.path(), target_);
  EXPECT_EQ(file_.load().error().code, EBADMSG);
}

TEST_F(Planted, AFifoInPlaceOfTheRecordIsNotWaitedFor) {
  ASSERT_EQ(::mkfifo(file_.path().c_str(), 0600), 0);
  EXPECT_EQ(file_.load().error().code, EBADMSG);
}

TEST_F(Planted, ALinkInPlaceOfTheLockMakesNoFileElsewhere) {
  std::filesystem::remove(lock_);
  std::filesystem::create_symlink(target_, lock_);
  const auto lock = file_.lock(system_, kSoon);
  ASSERT_FALSE(lock);
  EXPECT_THAT(lock.error().hint, HasSubstr("--state-dir"));
  EXPECT_FALSE(std::filesystem::exists(target_));
}

TEST_F(Planted, ADirectoryIntoWhichOthersMayWriteIsRefused) {
  ASSERT_EQ(::chmod((directory_.path() + "/state").c_str(), 0777), 0);
  const auto lock = file_.lock(system_, kSoon);
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().code, EPERM);
}

TEST_F(Planted, ALinkInPlaceOfTheDirectoryIsRefused) {
  std::filesystem::create_directory_symlink(directory_.path() + "/state", target_);
  EXPECT_FALSE(OwnRecordFile(target_, "boot-1").lock(system_, kSoon));
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
