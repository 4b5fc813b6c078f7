// A program started with descriptors closed gets them back, as nothing.
#include "base/standard_descriptors.h"

#include <cstdlib>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace smc {
namespace {

// In a child of its own: which of the three are /dev/null after `closed` were closed, as bits, with
// bit 3 for a new file that got a number below 3.
int reserved_without(std::initializer_list<int> closed) {
  const pid_t child = ::fork();
  if (child == 0) {
    for (const int fd : closed) ::close(fd);
    reserve_standard_descriptors();
    struct stat null{};
    ::stat("/dev/null", &null);
    int found = 0;
    for (int fd = 0; fd < 3; ++fd) {
      struct stat status{};
      if (::fstat(fd, &status) == 0 && status.st_rdev == null.st_rdev) found |= 1 << fd;
    }
    if (::open("/proc/self/stat", O_RDONLY) < 3) found |= 8;
    ::_exit(found);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(StandardDescriptors, ThatWereClosedAreReserved) {
  const int before = reserved_without({});
  EXPECT_EQ(before & 8, 0);
  EXPECT_EQ(reserved_without({0}), before | 1);
  EXPECT_EQ(reserved_without({2}), before | 4);
  EXPECT_EQ(reserved_without({0, 1, 2}), 7);
}

TEST(StandardDescriptors, ThatAreOpenAreLeftAlone) {
  const int reading = ::open("/proc/self/stat", O_RDONLY);
  const int before = ::dup(STDIN_FILENO);
  ASSERT_EQ(::dup2(reading, STDIN_FILENO), STDIN_FILENO);
  reserve_standard_descriptors();
  struct stat kept{};
  struct stat opened{};
  ASSERT_EQ(::fstat(STDIN_FILENO, &kept), 0);
  ASSERT_EQ(::fstat(reading, &opened), 0);
  EXPECT_EQ(kept.st_ino, opened.st_ino);
  ::dup2(before, STDIN_FILENO);
  ::close(before);
  ::close(reading);
}

}  // namespace
}  // namespace smc
