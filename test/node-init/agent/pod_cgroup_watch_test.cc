// Where the control groups of pods are, with either version and either driver, and that a new one
// is told; on tables, and once on the kernel's inotify.
#include "node-init/agent/pod_cgroup_watch.h"

#include <cerrno>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "test/node-init/kernel/fake_system.h"
#include "test/support/temporary_directory.h"

namespace smc::node {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

constexpr const char* kPodUid = "0c6d8a4e-11aa-4b2c-9d3e-5f60718293a4";
constexpr const char* kSystemdUid = "0c6d8a4e_11aa_4b2c_9d3e_5f60718293a4";

struct Layout {
  const char* name;
  const char* mark;                // a file below the root, or ""
  std::vector<std::string> above;  // of the pod
  std::string pod;
};

class Layouts : public testing::TestWithParam<Layout> {};

TEST_P(Layouts, APodIsFoundAndANewOneIsTold) {
  test::FakeSystem system;
  std::string path = "/host/sys/fs/cgroup";
  if (*GetParam().mark != '\0') system.files[path + GetParam().mark];
  for (const std::string& name : GetParam().above) {
    system.make_directory(path, name);
    path += "/" + name;
  }
  PodCgroupWatch watch(system, "/host/sys/fs/cgroup");
  EXPECT_THAT(watch.look(), IsEmpty());
  EXPECT_EQ(watch.problem(), "");
  system.make_directory(path, GetParam().pod);
  EXPECT_THAT(watch.take(), ElementsAre(kPodUid));
  system.make_directory(path + "/" + GetParam().pod, "sandbox");
  system.files[path + "/" + GetParam().pod + "/sandbox/cgroup.procs"] = "12\n7\n";
  EXPECT_THAT(watch.take(), ElementsAre(kPodUid));
  EXPECT_THAT(watch.containers(kPodUid), ElementsAre(Pair("sandbox", ElementsAre("12", "7"))));
  PodCgroupWatch later(system, "/host/sys/fs/cgroup");
  EXPECT_THAT(later.look(), ElementsAre(kPodUid)) << "by an agent that starts later";
}

INSTANTIATE_TEST_SUITE_P(
    Of, Layouts,
    testing::Values(Layout{"version2_cgroupfs",
                           "/cgroup.controllers",
                           {"kubepods", "burstable"},
                           std::string("pod") + kPodUid},
                    Layout{"version2_cgroupfs_guaranteed",
                           "/cgroup.controllers",
                           {"kubepods"},
                           std::string("pod") + kPodUid},
                    Layout{"version2_systemd",
                           "/cgroup.controllers",
                           {"kubepods.slice", "kubepods-besteffort.slice"},
                           std::string("kubepods-besteffort-pod") + kSystemdUid + ".slice"},
                    Layout{"version2_systemd_guaranteed",
                           "/cgroup.controllers",
                           {"kubepods.slice"},
                           std::string("kubepods-pod") + kSystemdUid + ".slice"},
                    Layout{"version2_kubelet_with_a_root",
                           "/cgroup.controllers",
                           {"kubelet.slice", "kubelet-kubepods.slice",
                            "kubelet-kubepods-burstable.slice"},
                           std::string("kubelet-kubepods-burstable-pod") + kSystemdUid + ".slice"},
                    Layout{"version1_cgroupfs",
                           "",
                           {"memory", "kubepods", "besteffort"},
                           std::string("pod") + kPodUid},
                    Layout{"version1_systemd",
                           "",
                           {"pids", "kubepods.slice", "kubepods-burstable.slice"},
                           std::string("kubepods-burstable-pod") + kSystemdUid + ".slice"}),
    [](const auto& layout) { return layout.param.name; });

class PodCgroups : public testing::Test {
 protected:
  PodCgroups() {
    system_.files["/c/cgroup.controllers"];
    system_.make_directory("/c", "kubepods");
    system_.make_directory("/c/kubepods", "burstable");
    system_.make_directory("/c/kubepods/burstable", std::string("pod") + kPodUid);
    (void)watch_.look();
    (void)watch_.take();
  }
  test::FakeSystem system_;
  PodCgroupWatch watch_{system_, "/c"};
};

TEST_F(PodCgroups, AClassThatComesLaterIsWatched) {
  system_.make_directory("/c/kubepods", "besteffort");
  (void)watch_.take();
  system_.make_directory("/c/kubepods/besteffort", "pod1c6d8a4e-11aa-4b2c-9d3e-5f60718293a4");
  EXPECT_THAT(watch_.take(), ElementsAre("1c6d8a4e-11aa-4b2c-9d3e-5f60718293a4"));
}

TEST_F(PodCgroups, WhatIsNoPodIsNotTold) {
  system_.make_directory("/c/kubepods/burstable", "else");
  EXPECT_THAT(watch_.take(), IsEmpty());
}

TEST_F(PodCgroups, AGroupInsideAContainerIsNotToldAndIsNoPod) {
  const std::string pod = std::string("/c/kubepods/burstable/pod") + kPodUid;
  system_.make_directory(pod, "container");
  (void)watch_.take();
  system_.make_directory(pod + "/container", "pod1c6d8a4e-11aa-4b2c-9d3e-5f60718293a4");
  EXPECT_THAT(watch_.take(), IsEmpty());
  EXPECT_THAT(watch_.look(), IsEmpty());
}

TEST_F(PodCgroups, ProcessesOneLevelDeeperAreTheContainers) {
  const std::string pod = std::string("/c/kubepods/burstable/pod") + kPodUid;
  system_.make_directory(pod, "crio-1.scope");
  system_.files[pod + "/crio-1.scope/cgroup.procs"];
  system_.make_directory(pod + "/crio-1.scope", "container");
  system_.files[pod + "/crio-1.scope/container/cgroup.procs"] = "9\n";
  EXPECT_THAT(watch_.containers(kPodUid), ElementsAre(Pair("crio-1.scope", ElementsAre("9"))));
}

TEST_F(PodCgroups, WithoutEventsALookFindsWhatIsNew) {
  test::FakeSystem system = system_;
  system.fail("watch directories", EMFILE, 10);
  PodCgroupWatch blind(system, "/c");
  EXPECT_THAT(blind.look(), ElementsAre(kPodUid));
  EXPECT_THAT(blind.problem(), HasSubstr("watch directories"));
  EXPECT_THAT(blind.look(), IsEmpty()) << "nothing new";
}

TEST_F(PodCgroups, OneThatCouldNotBeWatchedIsWatchedAtTheNextLook) {
  const std::string uid = "1c6d8a4e-11aa-4b2c-9d3e-5f60718293a4";
  const std::string path = "/c/kubepods/burstable/pod" + uid;
  system_.fail("watch " + path, ENOSPC, 2);
  system_.make_directory("/c/kubepods/burstable", "pod" + uid);
  EXPECT_THAT(watch_.take(), ElementsAre(uid));
  (void)watch_.look();
  EXPECT_THAT(watch_.problem(), HasSubstr("watch " + path));
  (void)watch_.look();
  EXPECT_EQ(watch_.problem(), "");
  system_.make_directory(path, "sandbox");
  EXPECT_THAT(watch_.take(), ElementsAre(uid));
}

TEST(PodCgroupsOfTheKernel, ANewPodAndItsContainerAreEvents) {
  smc::test::TemporaryDirectory root;
  const std::filesystem::path parent = std::filesystem::path(root.path()) / "kubepods/burstable";
  std::filesystem::create_directories(parent);
  std::ofstream(std::filesystem::path(root.path()) / "cgroup.controllers") << "pids\n";
  const auto system = make_real_system();
  PodCgroupWatch watch(*system, root.path());
  EXPECT_THAT(watch.look(), IsEmpty());
  EXPECT_GE(watch.descriptor(), 0);
  const auto pod = parent / (std::string("pod") + kPodUid);
  std::filesystem::create_directory(pod);
  EXPECT_THAT(watch.take(), ElementsAre(kPodUid));
  std::filesystem::create_directory(pod / "sandbox");
  EXPECT_THAT(watch.take(), ElementsAre(kPodUid));
  std::filesystem::remove_all(pod);
  EXPECT_THAT(watch.take(), IsEmpty());
  std::filesystem::create_directory(pod);
  EXPECT_THAT(watch.take(), ElementsAre(kPodUid)) << "as a static pod that comes again";
}

}  // namespace
}  // namespace smc::node
