#include "node-init/agent/pod_cgroup.h"

#include <string>

#include <gtest/gtest.h>

namespace smc::node {
namespace {

constexpr const char* kUid = "0c6d9e1f-11aa-4b2c-9d3e-5f60718293a4";

struct Case {
  const char* name;
  const char* content;
};

class PodCgroup : public testing::TestWithParam<Case> {};

TEST_P(PodCgroup, FindsThePodsUid) {
  EXPECT_EQ(pod_uid_of_cgroups(GetParam().content), kUid);
}

INSTANTIATE_TEST_SUITE_P(
    Layouts, PodCgroup,
    testing::Values(
        Case{"v2_systemd_containerd",
             "0::/kubepods.slice/kubepods-burstable.slice/"
             "kubepods-burstable-pod0c6d9e1f_11aa_4b2c_9d3e_5f60718293a4.slice/"
             "cri-containerd-7d1a.scope\n"},
        Case{"v2_systemd_crio",
             "0::/kubepods.slice/kubepods-besteffort.slice/"
             "kubepods-besteffort-pod0c6d9e1f_11aa_4b2c_9d3e_5f60718293a4.slice/"
             "crio-7d1a.scope/container\n"},
        Case{"v2_systemd_guaranteed_docker",
             "0::/kubepods.slice/kubepods-pod0c6d9e1f_11aa_4b2c_9d3e_5f60718293a4.slice/"
             "docker-7d1a.scope\n"},
        Case{"v2_cgroupfs",
             "0::/kubepods/burstable/pod0c6d9e1f-11aa-4b2c-9d3e-5f60718293a4/7d1a\n"},
        Case{"v2_the_pod_group_itself", "0::/kubepods/pod0c6d9e1f-11aa-4b2c-9d3e-5f60718293a4"},
        Case{"v1_cgroupfs",
             "12:cpuset:/kubepods/besteffort/pod0c6d9e1f-11aa-4b2c-9d3e-5f60718293a4/7d1a\n"
             "4:cpu,cpuacct:/kubepods/besteffort/pod0c6d9e1f-11aa-4b2c-9d3e-5f60718293a4/7d1a\n"
             "1:name=systemd:/kubepods/besteffort/pod0c6d9e1f-11aa-4b2c-9d3e-5f60718293a4/7d1a\n"},
        Case{"v1_only_one_hierarchy_knows",
             "12:rdma:/\n11:pids:/system.slice/containerd.service\n"
             "1:name=systemd:/kubepods.slice/"
             "kubepods-pod0c6d9e1f_11aa_4b2c_9d3e_5f60718293a4.slice/docker-7d1a.scope\n"},
        Case{"kubelet_in_a_container",
             "0::/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/"
             "kubelet-kubepods-burstable-pod0c6d9e1f_11aa_4b2c_9d3e_5f60718293a4.slice/"
             "cri-containerd-7d1a.scope\n"},
        Case{"mixed_drivers",
             "0::/system.slice/containerd.service/"
             "kubepods-burstable-pod0c6d9e1f_11aa_4b2c_9d3e_5f60718293a4.slice:cri-containerd:"
             "7d1a\n"},
        Case{"seen_from_another_cgroup_namespace",
             "0::/../../kubepods-pod0c6d9e1f_11aa_4b2c_9d3e_5f60718293a4.slice/"
             "cri-containerd-7d1a.scope\n"},
        Case{"seen_from_a_sibling_with_cgroupfs",
             "0::/../../pod0c6d9e1f-11aa-4b2c-9d3e-5f60718293a4/7d1a\n"},
        Case{"a_pod_that_makes_control_groups_below_its_own",
             "0::/kubepods/pod0c6d9e1f-11aa-4b2c-9d3e-5f60718293a4/7d1a/kubepods/"
             "pod99999999-11aa-4b2c-9d3e-5f60718293a4/8e2b\n"},
        Case{"the_same_with_systemds_names",
             "0::/kubepods.slice/kubepods-pod0c6d9e1f_11aa_4b2c_9d3e_5f60718293a4.slice/"
             "cri-containerd-7d1a.scope/kubepods-pod99999999_11aa_4b2c_9d3e_5f60718293a4.slice/"
             "cri-containerd-8e2b.scope\n"},
        Case{"the_same_with_v1",
             "4:memory:/kubepods/pod0c6d9e1f-11aa-4b2c-9d3e-5f60718293a4/7d1a/"
             "pod99999999-11aa-4b2c-9d3e-5f60718293a4\n"}),
    [](const auto& test) { return test.param.name; });

TEST(PodCgroup, AStaticPodsUidHasNoDashes) {
  EXPECT_EQ(pod_uid_of_cgroups("0::/kubepods/burstable/pod0c6d9e1f11aa4b2c9d3e5f60718293a4/7d1a"),
            "0c6d9e1f11aa4b2c9d3e5f60718293a4");
  EXPECT_EQ(pod_uid_of_cgroups("0::/kubepods.slice/kubepods-burstable.slice/"
                               "kubepods-burstable-pod0c6d9e1f11aa4b2c9d3e5f60718293a4.slice/x"),
            "0c6d9e1f11aa4b2c9d3e5f60718293a4");
}

// A whole node inside of a pod, as kind makes one: that pod is above the agent and every pod of its
// cluster.
constexpr const char* kOuter = "/kubepods/burstable/pod99999999-11aa-4b2c-9d3e-5f60718293a4/7d1a";

struct NestedCase {
  const char* name;
  std::string agent;
  std::string process;
};

class NestedNode : public testing::TestWithParam<NestedCase> {};

TEST_P(NestedNode, ThePodIsTheOneOfTheAgentsOwnCluster) {
  EXPECT_EQ(pod_uid_of_cgroups(GetParam().process, AgentCgroups(GetParam().agent)), kUid);
}

INSTANTIATE_TEST_SUITE_P(
    Layouts, NestedNode,
    testing::Values(
        NestedCase{"cgroupfs",
                   "0::" + std::string(kOuter) +
                       "/docker/1f/kubelet/kubepods/pod88888888-11aa-4b2c-9d3e-5f60718293a4/3c\n",
                   "0::" + std::string(kOuter) +
                       "/docker/1f/kubelet/kubepods/besteffort/"
                       "pod0c6d9e1f-11aa-4b2c-9d3e-5f60718293a4/4d\n"},
        NestedCase{"systemd",
                   "0::" + std::string(kOuter) +
                       "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/"
                       "kubelet-kubepods-burstable-pod88888888_11aa_4b2c_9d3e_5f60718293a4.slice/"
                       "cri-containerd-3c.scope\n",
                   "0::" + std::string(kOuter) +
                       "/kubelet.slice/kubelet-kubepods.slice/"
                       "kubelet-kubepods-pod0c6d9e1f_11aa_4b2c_9d3e_5f60718293a4.slice/"
                       "cri-containerd-4d.scope\n"},
        NestedCase{"v1_each_hierarchy_by_itself",
                   "12:rdma:/\n4:memory:" + std::string(kOuter) +
                       "/kubepods/pod88888888-11aa-4b2c-9d3e-5f60718293a4/3c\n",
                   "12:rdma:/\n4:memory:" + std::string(kOuter) +
                       "/kubepods/pod0c6d9e1f-11aa-4b2c-9d3e-5f60718293a4/4d\n"},
        NestedCase{"an_agent_in_a_control_group_namespace", "0::/\n",
                   "0::/../../pod0c6d9e1f-11aa-4b2c-9d3e-5f60718293a4/4d\n"},
        NestedCase{"an_agent_outside_of_pods", "0::/system.slice/smc-node-agent.service\n",
                   "0::/kubepods/pod0c6d9e1f-11aa-4b2c-9d3e-5f60718293a4/4d\n"}),
    [](const auto& test) { return test.param.name; });

TEST(NestedNode, WhatRunsBesideThePodsOfTheNodeIsInNoPod) {
  const AgentCgroups agent("0::" + std::string(kOuter) +
                           "/kubelet/kubepods/pod88888888-11aa-4b2c-9d3e-5f60718293a4/3c\n");
  EXPECT_EQ(pod_uid_of_cgroups("0::" + std::string(kOuter) + "/init.scope\n", agent), std::nullopt);
  EXPECT_EQ(pod_uid_of_cgroups("0::" + std::string(kOuter) + "\n", agent), std::nullopt);
}

TEST(PodCgroup, EverythingElseIsNoPod) {
  for (const char* content :
       {"", "\n", "0::/", "0::/init.scope\n", "0::/system.slice/sshd.service\n",
        "0::/user.slice/user-0.slice/session-1.scope\n", "0::/docker/7d1a\n", "0::/kubepods\n",
        "0::/kubepods/burstable\n", "0::/kubepods/podcast\n",
        "0::/machine.slice/libpod-7d1a.scope\n",
        "0::/kubepods/pod0c6d9e1f-11aa-4b2c-9d3e-5f60718293a\n",    // too short
        "0::/kubepods/pod0c6d9e1f-11aa-4b2c-9d3e-5f60718293a4b\n",  // too long
        "0::/kubepods/pod0c6d9e1f+11aa+4b2c+9d3e+5f60718293a4\n",
        "0::/kubepods/pod0C6D9E1F-11aa-4b2c-9d3e-5f60718293a4\n", "no colons, no slash", "::::"})
    EXPECT_EQ(pod_uid_of_cgroups(content), std::nullopt) << content;
}

}  // namespace
}  // namespace smc::node
