// Pods on a played node, as a runtime makes them, and the set-ups that watch it. For tests.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "node-init/agent/pod_setups.h"
#include "node-init/kernel/program_switch.h"
#include "test/node-init/kernel/fake_system.h"
#include "test/node-init/pod/recorded_lists.h"

namespace smc::node::test {

inline constexpr const char* kRoot = "/sys/fs/cgroup";
inline constexpr const char* kClass = "/sys/fs/cgroup/kubepods/burstable";

inline std::string uid_of(int number) {
  char text[40];
  std::snprintf(text, sizeof text, "%08x-11aa-4b2c-9d3e-5f60718293a4", number);
  return text;
}

class Requests final : public PodRequests {
 public:
  std::optional<PodRequest> request_of(const std::string& uid) const override {
    const auto found = all.find(uid);
    return found == all.end() ? std::nullopt : std::optional(found->second);
  }
  void add(const std::string& uid) {
    PodOptions options;
    options.test_first = true;
    options.self_test = SelfTestMode::kOn;
    all[uid] = {{"shop", "pod-" + uid.substr(0, 8)}, options};
  }
  std::map<std::string, PodRequest> all;
};

class PodSetupsTest : public testing::Test {
 protected:
  PodSetupsTest() {
    system_.enter("node");
    system_.smc_loaded = true;
    system_.pod().sysctls[kSwitchPath] = "0\n";
    add_process("1", 4026531840);
    system_.files[std::string(kRoot) + "/cgroup.controllers"] = "pids\n";
    system_.make_directory(kRoot, "kubepods");
    system_.make_directory(std::string(kRoot) + "/kubepods", "burstable");
    setups_.round_ended(/*ready=*/true, /*active=*/true);
    setups_.work();
  }

  static std::string ns_path(const std::string& process) { return "/proc/" + process + "/ns/net"; }
  static std::string pod_path(const std::string& uid) { return std::string(kClass) + "/pod" + uid; }

  void add_process(const std::string& process, std::uint64_t inode, const std::string& group = "") {
    system_.directories["/proc"].push_back(process);
    system_.files["/proc/" + process + "/cgroup"] =
        "0::" + (group.empty() ? "/init.scope" : group.substr(std::string(kRoot).size())) + "\n";
    FakeNamespace& space = system_.namespaces[ns_path(process)] = system_.pod();
    space.id = "net:[" + std::to_string(inode) + "]";
    if (!group.empty()) system_.files[group + "/cgroup.procs"] += process + "\n";
  }
  void add_container(const std::string& uid, const std::string& name) {
    system_.make_directory(pod_path(uid), name);
    system_.files[pod_path(uid) + "/" + name + "/cgroup.procs"];
  }
  // As a runtime makes it: control groups first, the first process then.
  void add_pod(const std::string& uid, const std::string& process, std::uint64_t inode) {
    system_.make_directory(kClass, "pod" + uid);
    add_container(uid, "sandbox");
    add_process(process, inode, pod_path(uid) + "/sandbox");
  }

  // Works for this long, as the thread does.
  void pass(Clock::duration duration) {
    const auto end = system_.now() + duration;
    setups_.work();
    while (setups_.due() <= end) {
      sleep_until(setups_.due());
      setups_.work();
    }
    sleep_until(end);
  }
  void sleep_until(Clock::time_point time) {
    const auto left = time - system_.now();
    if (left > Clock::duration::zero())
      system_.sleep_for(std::chrono::ceil<std::chrono::milliseconds>(left));
  }
  bool is_set_up(const std::string& process) {
    const FakeNamespace& space = system_.namespaces.at(ns_path(process));
    return space.sysctls.at(kSwitchPath) == "1\n" && space.pnet_table.size() == 1;
  }
  std::size_t visits(const std::string& process) const {
    return static_cast<std::size_t>(
        std::ranges::count(system_.requests, "enter " + ns_path(process)));
  }

  FakeSystem system_;
  Requests requests_;
  EventFd changed_;
  RecordedLists lists_{system_};
  PodSetups setups_{system_, kRoot, requests_, changed_, lists_};
  const std::string a_ = uid_of(10);
  const std::string b_ = uid_of(11);
};

}  // namespace smc::node::test
