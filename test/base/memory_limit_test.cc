// The memory limit of a process from the files of its control groups.
#include "base/memory_limit.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "test/support/temporary_directory.h"

namespace smc {
namespace {

class MemoryLimit : public testing::Test {
 protected:
  void file(const std::string& path, const std::string& content) const {
    const std::filesystem::path whole = directory_.file(path);
    std::filesystem::create_directories(whole.parent_path());
    std::ofstream(whole) << content;
  }
  std::optional<std::uint64_t> limit() const { return memory_limit(directory_.file("")); }

  const smc::test::TemporaryDirectory directory_;
};

TEST_F(MemoryLimit, IsThatOfTheContainersOwnGroupOfVersion2) {
  file("proc/self/cgroup", "0::/\n");
  file("sys/fs/cgroup/memory.max", "268435456\n");
  EXPECT_EQ(limit(), 268435456u);
}

TEST_F(MemoryLimit, IsTheLowestOfAllGroupsAbove) {
  file("proc/self/cgroup", "0::/kubepods/pod1/container\n");
  file("sys/fs/cgroup/kubepods/pod1/container/memory.max", "max\n");
  file("sys/fs/cgroup/kubepods/pod1/memory.max", "100000\n");
  file("sys/fs/cgroup/kubepods/memory.max", "200000\n");
  EXPECT_EQ(limit(), 100000u);
}

TEST_F(MemoryLimit, IsReadFromVersion1Too) {
  file("proc/self/cgroup",
       "12:cpu,cpuacct:/x\n5:memory:/kubepods/pod1\n1:name=systemd:/y\n0::/z\n");
  file("sys/fs/cgroup/memory/kubepods/pod1/memory.limit_in_bytes", "268435456\n");
  file("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(limit(), 268435456u);
}

TEST_F(MemoryLimit, IsFoundWhereTheContainerSeesItsGroupAtTheTopAlone) {
  file("proc/self/cgroup", "5:memory:/docker/0123456789\n");
  file("sys/fs/cgroup/memory/memory.limit_in_bytes", "4096000\n");
  EXPECT_EQ(limit(), 4096000u);
}

TEST_F(MemoryLimit, IsNoneWhereNothingSaysOne) {
  EXPECT_EQ(limit(), std::nullopt) << "no /proc";
  for (const char* text : {"", "\n", ":", "nonsense", "0:", "0::", "5:memory"}) {
    file("proc/self/cgroup", text);
    EXPECT_EQ(limit(), std::nullopt) << text;
  }
  file("proc/self/cgroup", "0::/\n");
  for (const char* text : {"max\n", "", "-1\n", "9223372036854771712\n"}) {
    file("sys/fs/cgroup/memory.max", text);
    EXPECT_EQ(limit(), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace smc
