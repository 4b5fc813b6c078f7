// What has changed on disk, told by content, and when inotify says to look.
#include "base/file_watch.h"

#include <filesystem>

#include <gtest/gtest.h>
#include <poll.h>

#include "base/file.h"
#include "test/support/temporary_directory.h"

namespace smc {
namespace {

namespace fs = std::filesystem;

class Watch : public testing::Test {
 protected:
  void put(const std::string& name, const std::string& content) const {
    ASSERT_TRUE(write_file_atomic(directory_.file(name), content, 0600));
  }
  std::string file(const std::string& name) const { return directory_.file(name); }

  test::TemporaryDirectory directory_;
};

TEST_F(Watch, AFileSetTellsEachChangeOnce) {
  put("a", "1");
  put("b", "2");
  FileSet files({file("a"), file("b")}, 100);
  const auto first = files.changed();
  ASSERT_TRUE(first && first->ok());
  EXPECT_EQ(**first, (FileSet::Contents{"1", "2"}));
  EXPECT_FALSE(files.changed());
  put("a", "1");  // another file, the same content
  EXPECT_FALSE(files.changed());
  put("b", "3");
  const auto second = files.changed();
  ASSERT_TRUE(second && second->ok());
  EXPECT_EQ(**second, (FileSet::Contents{"1", "3"}));
  EXPECT_FALSE(files.changed());
}

TEST_F(Watch, ContentThatMovesFromOneFileToAnotherIsAChange) {
  put("a", "1");
  put("b", "2");
  FileSet files({file("a"), file("b")}, 100);
  files.changed();
  put("a", "2");
  put("b", "1");
  EXPECT_TRUE(files.changed());
}

TEST_F(Watch, AnErrorIsAChangeAndSoIsItsEnd) {
  FileSet files({file("a")}, 3);
  const auto missing = files.changed();
  ASSERT_TRUE(missing);
  EXPECT_EQ(missing->error().code, ENOENT);
  EXPECT_FALSE(files.changed());
  put("a", "four");
  const auto large = files.changed();
  ASSERT_TRUE(large);
  EXPECT_EQ(large->error().code, EFBIG);
  put("a", "ok");
  EXPECT_TRUE(files.changed()->ok());
}

TEST_F(Watch, NoFilesNeverChange) {
  FileSet files({}, 100);
  files.changed();
  EXPECT_FALSE(files.changed());
}

bool readable(const DirectoryWatch& watch) {
  pollfd waiting{watch.fd(), POLLIN, 0};
  return ::poll(&waiting, 1, 5000) == 1;
}
bool silent(const DirectoryWatch& watch) {
  pollfd waiting{watch.fd(), POLLIN, 0};
  return ::poll(&waiting, 1, 50) == 0;
}

TEST_F(Watch, ADirectorySpeaksOfARenamedSymlinkAndOfAWriteInPlace) {
  fs::create_directory_symlink("one", file("..data"));
  DirectoryWatch watch({file("tls.crt"), file("tls.key")});
  ASSERT_TRUE(silent(watch));
  fs::create_directory_symlink("two", file("..data_tmp"));
  fs::rename(file("..data_tmp"), file("..data"));
  EXPECT_TRUE(readable(watch));
  watch.renew();
  EXPECT_TRUE(silent(watch));
  put("tls.crt", "x");
  EXPECT_TRUE(readable(watch));
}

TEST_F(Watch, ADirectoryThatIsReplacedIsWatchedAgainAfterRenewal) {
  fs::create_directory(file("d"));
  DirectoryWatch watch({file("d/x")});
  fs::remove_all(file("d"));
  EXPECT_TRUE(readable(watch));
  fs::create_directory(file("d"));
  watch.renew();
  watch.renew();  // takes the end of the old watch
  ASSERT_TRUE(silent(watch));
  put("d/x", "1");
  EXPECT_TRUE(readable(watch));
}

TEST_F(Watch, WhatIsNotThereYetIsNoError) {
  DirectoryWatch watch({file("later/x"), "relative"});
  EXPECT_GE(watch.fd(), 0);
  fs::create_directory(file("later"));
  watch.renew();
  put("later/x", "1");
  EXPECT_TRUE(readable(watch));
}

}  // namespace
}  // namespace smc
