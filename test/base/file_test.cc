// Files are read up to a limit, and replaced as a whole or not at all.
#include "base/file.h"

#include <cerrno>
#include <filesystem>
#include <string>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace smc {
namespace {

class FileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "smc-file-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  std::size_t entries() const {
    const std::filesystem::directory_iterator all(directory_);
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }

  std::string directory_;
};

TEST_F(FileTest, ReadsBackWhatWasWrittenWithTheModeAskedFor) {
  ASSERT_TRUE(write_file_atomic(path("key"), "secret", 0600));
  const auto content = read_file(path("key"), 100);
  ASSERT_TRUE(content);
  EXPECT_EQ(*content, "secret");
  struct stat status = {};
  ASSERT_EQ(::stat(path("key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(FileTest, ReplacingLeavesNoTemporaryFileBehind) {
  ASSERT_TRUE(write_file_atomic(path("f"), "old", 0600));
  ASSERT_TRUE(write_file_atomic(path("f"), "new", 0600));
  EXPECT_EQ(*read_file(path("f"), 100), "new");
  EXPECT_EQ(entries(), 1u);
}

TEST_F(FileTest, AFailedReplacementKeepsTheOldAndNamesTheReason) {
  std::filesystem::create_directory(path("taken"));
  const auto written = write_file_atomic(path("taken"), "x", 0600);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, EISDIR);
  EXPECT_EQ(entries(), 1u);
}

TEST_F(FileTest, ExactlyTheLimitIsReadOneByteMoreIsRefused) {
  ASSERT_TRUE(write_file_atomic(path("f"), "12345", 0600));
  EXPECT_TRUE(read_file(path("f"), 5));
  const auto refused = read_file(path("f"), 4);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, EFBIG);
}

TEST_F(FileTest, AMissingFileIsNamed) {
  const auto missing = read_file(path("none"), 10);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ENOENT);
  EXPECT_NE(missing.error().text().find("none"), std::string::npos);
}

// Opening a FIFO that nobody writes, and reading one that nobody has written, would wait for ever.
TEST_F(FileTest, AFifoOrADeviceIsRefusedAtOnce) {
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  ASSERT_EQ(::symlink("/dev/zero", path("link").c_str()), 0);
  for (const std::string& name : {path("fifo"), path("link"), std::string("/dev/null")}) {
    const auto refused = read_file(name, 100);
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().what, name + " is no regular file");
    EXPECT_FALSE(refused.error().hint.empty());
  }
}

TEST_F(FileTest, AFileOfProcIsOne) {
  EXPECT_TRUE(read_file("/proc/self/stat", 4096));
}

TEST_F(FileTest, AStreamIsWaitedFor) {
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  std::thread writer([this] {
    const int fd = ::open(path("fifo").c_str(), O_WRONLY);
    EXPECT_EQ(::write(fd, "text", 4), 4);
    ::close(fd);
  });
  EXPECT_EQ(*read_stream(path("fifo"), 100), "text");
  writer.join();
}

}  // namespace
}  // namespace smc
