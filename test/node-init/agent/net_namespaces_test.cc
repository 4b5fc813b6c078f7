// Which network namespaces are looked into, and whose they are.
#include "node-init/agent/net_namespaces.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <utility>

#include <gmock/gmock.h>

#include "test/node-init/agent/pod_observer_fixture.h"

namespace smc::node {
namespace {

using test::kUidA;
using test::kUidB;
using test::PodObserverTest;
using testing::SizeIs;

constexpr std::uint64_t kFirstInode = 10'000;

class Shares : public PodObserverTest {
 protected:
  static std::string uid(int number) {
    char text[37];
    std::snprintf(text, sizeof text, "%08x-11aa-4b2c-9d3e-5f60718293a4", number);
    return text;
  }
  // One more namespace of this pod, by a process that started then.
  void add_namespace(int pod, std::uint64_t started) {
    const int process = next_process_++;
    const std::string name = std::to_string(process);
    add_pod(name, kFirstInode + static_cast<std::uint64_t>(process), uid(pod));
    system_.files["/proc/" + name + "/stat"] =
        name + " (a (b) c) S 1 1 1 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 " +
        std::to_string(started) + " 1024 100\n";
  }
  NetNamespaces find() {
    auto found = find_net_namespaces(system_);
    EXPECT_TRUE(found);
    return *std::move(found);
  }
  static std::size_t count_of(const NetNamespaces& found, const std::string& pod) {
    return static_cast<std::size_t>(std::ranges::count(found.of_pods, pod, &PodNamespace::pod_uid));
  }

  int next_process_ = 1000;
};

TEST_F(Shares, APodHasAShareOfNamespacesAndTheRestAreDropped) {
  for (std::uint64_t i = 0; i < 50; ++i) add_namespace(1, 100 + i);
  add_namespace(2, 500);
  const NetNamespaces found = find();
  EXPECT_EQ(count_of(found, uid(1)), kMaxNamespacesOfPod);
  EXPECT_EQ(count_of(found, uid(2)), 1U);
  EXPECT_EQ(found.dropped, (std::map<std::string, std::size_t>{{uid(1), 42}}));
}

TEST_F(Shares, ThoseThatAreKeptAreTheOldest) {
  for (std::uint64_t i = 0; i < 50; ++i) add_namespace(1, 900 - i);
  add_namespace(1, 7);  // of the sandbox, whose process has the highest number
  const NetNamespaces found = find();
  EXPECT_EQ(found.of_pods.front().inode,
            kFirstInode + static_cast<std::uint64_t>(next_process_) - 1);
}

TEST_F(Shares, EachPodHasItsFirstBeforeAnyHasItsSecond) {
  const auto pods = static_cast<int>(kMaxPodNamespaces) - 10;
  for (int pod = 0; pod < 200; ++pod)
    for (std::uint64_t i = 0; i < kMaxNamespacesOfPod; ++i) add_namespace(pod, 100 + i);
  for (int pod = 200; pod < pods; ++pod) add_namespace(pod, 100);
  const NetNamespaces found = find();
  EXPECT_EQ(found.of_pods.size(), kMaxPodNamespaces);
  for (int pod = 0; pod < pods; ++pod) ASSERT_GE(count_of(found, uid(pod)), 1U) << pod;
}

TEST_F(Shares, NamespacesBeyondTheLimitOfAllAreDropped) {
  for (int pod = 0; pod < static_cast<int>(kMaxPodNamespaces) + 5; ++pod) add_namespace(pod, 100);
  const NetNamespaces found = find();
  EXPECT_EQ(found.of_pods.size(), kMaxPodNamespaces);
  EXPECT_EQ(found.dropped.size(), 5U);
}

TEST_F(PodObserverTest, ProcessesBelongToThePodOfTheAgentsOwnClusterWhereTheNodeIsInAPod) {
  const std::string outer = "/kubepods/pod" + std::string(kUidB) + "/node/kubelet/kubepods";
  system_.files["/proc/self/cgroup"] =
      "0::" + outer + "/pod99999999-11aa-4b2c-9d3e-5f60718293a4/agent\n";
  add_process("100", 5001, outer + "/burstable/pod" + kUidA + "/container");
  const Observation seen = observe();
  ASSERT_THAT(seen.pods, SizeIs(1));
  EXPECT_TRUE(seen.pods.contains(kUidA));
}

TEST(ProcessStart, IsTheTwentySecondField) {
  const std::string before = "7 (a) b) S 1 1 1 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 ";
  EXPECT_EQ(process_start(before + "12345 1024\n"), 12'345U);
  for (const std::string& bad : {std::string(), std::string("7"), std::string("7 (a) S 1"), before})
    EXPECT_EQ(process_start(bad), std::nullopt) << bad;
}

TEST(NamespaceInode, IsTheNumberInTheLink) {
  EXPECT_EQ(namespace_inode("net:[4026531840]"), 4026531840u);
  for (const char* bad : {"", "net:[]", "net:[x]", "net:[12", "mnt:[12]", "net:[12]x", "net:[-1]"})
    EXPECT_EQ(namespace_inode(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace smc::node
