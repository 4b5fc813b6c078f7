// `-o FILE` does to FILE what a shell's ">" would, and leaves no half of a result behind.
#include "webhook/commands/output_file.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <future>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "test/support/child.h"
#include "test/support/temporary_directory.h"

namespace smc::webhook {
namespace {

using smc::test::Ran;
using testing::HasSubstr;

namespace fs = std::filesystem;

class OutputFile : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return directory_.file(name); }
  std::string content(const std::string& name) const {
    const auto read = read_file(path(name), 1 << 20);
    return read ? *read : read.error().text();
  }
  std::string file(const std::string& name, const std::string& content, mode_t mode) const {
    EXPECT_TRUE(write_file_atomic(path(name), content, mode));
    return path(name);
  }
  struct stat status(const std::string& name) const {
    struct stat found{};
    EXPECT_EQ(::lstat(path(name).c_str(), &found), 0);
    return found;
  }
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(directory_.path()), fs::directory_iterator()));
  }

  // The program on an annotated pod, with files of at most 1,024 bytes.
  Ran inject_with_little_room(const std::string& output) const {
    const std::string pod =
        "{apiVersion: v1, kind: Pod, metadata: {annotations: {smc.asm.alibabacloud.com/enabled: "
        "\"true\"}}, spec: {containers: [" +
        std::string(1000, ' ') + "]}}";
    return smc::test::run("/bin/bash",
                          {.arguments = {"-c", "ulimit -f 1; exec \"$0\" inject -f - -o \"$1\"",
                                         SMC_BIN_DIR "/smc-webhook", output},
                           .input = pod});
  }

  smc::test::TemporaryDirectory directory_;
};

TEST_F(OutputFile, ANewFileHasTheModeThatTheUmaskLeaves) {
  const mode_t before = ::umask(027);
  EXPECT_TRUE(write_output(path("new"), "text"));
  ::umask(before);
  EXPECT_EQ(content("new"), "text");
  EXPECT_EQ(status("new").st_mode & 07777, 0640u);
}

TEST_F(OutputFile, AnExistingFileKeepsModeAndOwner) {
  file("old", "something longer", 0600);
  const bool is_root = ::geteuid() == 0;
  if (is_root) {
    ASSERT_EQ(::chown(path("old").c_str(), 1234, 2345), 0);
  }
  const struct stat before = status("old");
  EXPECT_TRUE(write_output(path("old"), "new"));
  EXPECT_EQ(content("old"), "new");
  EXPECT_EQ(status("old").st_mode, before.st_mode);
  EXPECT_EQ(status("old").st_uid, before.st_uid);
  EXPECT_EQ(status("old").st_gid, before.st_gid);
  EXPECT_EQ(files(), 1u);
}

TEST_F(OutputFile, IsReplacedAsAWholeForWhoeverReadsTheOldOne) {
  file("old", "old text", 0644);
  const Fd reader(::open(path("old").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_TRUE(write_output(path("old"), "new"));
  EXPECT_EQ(*read_all(reader.get(), "old", 100), "old text");
}

TEST_F(OutputFile, ASymbolicLinkIsFollowed) {
  file("target", "old", 0600);
  fs::create_symlink("target", path("link"));
  fs::create_symlink("made", path("dangling"));
  EXPECT_TRUE(write_output(path("link"), "new"));
  EXPECT_TRUE(write_output(path("dangling"), "newer"));
  EXPECT_TRUE(S_ISLNK(status("link").st_mode));
  EXPECT_TRUE(S_ISLNK(status("dangling").st_mode));
  EXPECT_EQ(content("target"), "new");
  EXPECT_EQ(content("made"), "newer");
}

TEST_F(OutputFile, OtherNamesOfTheFileShowTheNewTextToo) {
  file("one", "something longer", 0600);
  fs::create_hard_link(path("one"), path("two"));
  EXPECT_TRUE(write_output(path("one"), "new"));
  EXPECT_EQ(content("two"), "new");
  EXPECT_TRUE(write_output(path("one"), std::string(100'000, 'x')));
  EXPECT_EQ(content("two"), std::string(100'000, 'x'));
}

TEST_F(OutputFile, AFifoIsWrittenTo) {
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  auto read = std::async(std::launch::async, [this] { return read_stream(path("fifo"), 1 << 20); });
  EXPECT_TRUE(write_output(path("fifo"), std::string(200'000, 'x')));
  EXPECT_EQ(*read.get(), std::string(200'000, 'x'));
  EXPECT_TRUE(S_ISFIFO(status("fifo").st_mode));
}

TEST_F(OutputFile, ADeviceIsWrittenTo) {
  const Fd terminal(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  ASSERT_TRUE(terminal.valid());
  ASSERT_EQ(::grantpt(terminal.get()), 0);
  ASSERT_EQ(::unlockpt(terminal.get()), 0);
  const std::string device = ::ptsname(terminal.get());
  const Fd open_end(::open(device.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));  // else it hangs up
  EXPECT_TRUE(write_output(device, "text"));
  char seen[4] = {};
  EXPECT_EQ(::read(terminal.get(), seen, sizeof seen), 4);
  EXPECT_EQ(std::string(seen, 4), "text");
}

TEST_F(OutputFile, AReaderThatGoesAwayIsAnError) {
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  auto gone = std::async(std::launch::async, [this] {
    const Fd reader(::open(path("fifo").c_str(), O_RDONLY | O_CLOEXEC));
  });
  const Result<void> written = write_output(path("fifo"), std::string(1 << 20, 'x'));
  std::signal(SIGPIPE, before);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, EPIPE);
}

// The case of a file that a container engine has mounted: it cannot be renamed over.
TEST_F(OutputFile, AFileThatIsAMountOfItsOwnIsWrittenInPlace) {
  file("outside", "old", 0600);
  file("mounted", "", 0600);
  auto done = std::async(std::launch::async, [this]() -> std::string {
    const int kinds = ::geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS;
    const auto failed = [] { return errno == EPERM ? "not allowed" : std::strerror(errno); };
    if (::unshare(CLONE_FS) != 0 || ::unshare(kinds) != 0) return failed();
    ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    if (::mount(path("outside").c_str(), path("mounted").c_str(), nullptr, MS_BIND, nullptr) != 0)
      return failed();
    const Result<void> written = write_output(path("mounted"), "new");
    return written ? "" : written.error().text();
  });
  const std::string problem = done.get();
  if (problem == "not allowed") GTEST_SKIP() << "this user may not mount";
  EXPECT_EQ(problem, "");
  EXPECT_EQ(content("outside"), "new");
  EXPECT_EQ(files(), 2u);
}

TEST_F(OutputFile, WhatDoesNotFitLeavesTheOldFileOrNone) {
  const Ran fresh = inject_with_little_room(path("new"));
  EXPECT_EQ(fresh.code, 2);
  EXPECT_THAT(fresh.err, HasSubstr("\nhint: no part of it is left\n"));
  EXPECT_FALSE(fs::exists(path("new")));

  file("old", "old text", 0600);
  const Ran replaced = inject_with_little_room(path("old"));
  EXPECT_EQ(replaced.code, 2);
  EXPECT_THAT(replaced.err, HasSubstr("\nhint: the file is as it was\n"));
  EXPECT_EQ(content("old"), "old text");

  fs::create_hard_link(path("old"), path("two"));  // written in place
  EXPECT_EQ(inject_with_little_room(path("old")).code, 2);
  EXPECT_EQ(content("two"), "old text");
  EXPECT_EQ(files(), 2u);
}

TEST_F(OutputFile, WhatCannotBeOpenedIsNamedWithAHint) {
  for (const std::string& name : {path("none/x"), directory_.path()}) {
    const Result<void> written = write_output(name, "x");
    ASSERT_FALSE(written);
    EXPECT_THAT(written.error().what, HasSubstr(name));
    EXPECT_FALSE(written.error().hint.empty());
  }
}

}  // namespace
}  // namespace smc::webhook
