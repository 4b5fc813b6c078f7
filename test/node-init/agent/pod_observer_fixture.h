// A node whose processes, control groups and namespaces are tables, and a look at its pods. For
// tests.
#pragma once

#include <cstdint>
#include <string>

#include <gtest/gtest.h>

#include "node-init/agent/pod_observer.h"
#include "test/node-init/kernel/fake_system.h"

namespace smc::node::test {

inline constexpr const char* kUidA = "aaaaaaaa-11aa-4b2c-9d3e-5f60718293a4";
inline constexpr const char* kUidB = "bbbbbbbb-11aa-4b2c-9d3e-5f60718293a4";

class PodObserverTest : public testing::Test {
 protected:
  PodObserverTest() {
    system_.enter("node");
    system_.smc_loaded = true;
    add_process("1", 4026531840, "/init.scope");
  }

  static std::string ns_path(const std::string& process) { return "/proc/" + process + "/ns/net"; }

  void add_process(const std::string& process, std::uint64_t inode, const std::string& cgroup) {
    system_.directories["/proc"].push_back(process);
    system_.files["/proc/" + process + "/cgroup"] = "0::" + cgroup + "\n";
    FakeNamespace& space = system_.namespaces[ns_path(process)];
    space.id = "net:[" + std::to_string(inode) + "]";
  }
  FakeNamespace& add_pod(const std::string& process, std::uint64_t inode, const std::string& uid) {
    add_process(process, inode, "/kubepods/burstable/pod" + uid + "/container");
    return system_.namespaces[ns_path(process)];
  }
  void end_process(const std::string& process) {
    std::erase(system_.directories["/proc"], process);
    system_.files.erase("/proc/" + process + "/cgroup");
    system_.namespaces.erase(ns_path(process));
  }

  Observation observe() {
    auto observation = observer_.observe([] { return false; });
    EXPECT_TRUE(observation) << observation.error().text();
    return *observation;
  }

  FakeSystem system_;
  PodObserver observer_{system_};
};

}  // namespace smc::node::test
