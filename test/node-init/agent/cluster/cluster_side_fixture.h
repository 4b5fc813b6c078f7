// The agent's side towards an API server, with rounds and looks into pods as the test says. For
// tests.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json_fwd.hpp>

#include "node-init/agent/cluster/cluster_side.h"
#include "test/node-init/agent/cluster/fake_cluster.h"

namespace smc::node::test {

inline constexpr const char* kKey = "smc.asm.alibabacloud.com/erdma";
inline const CheckResult kGood{"kernel", Verdict::kPass, "new enough", ""};
inline const CheckResult kBad{"rdma device", Verdict::kFail, "this namespace sees none",
                              "attach one"};

// An annotated pod of node n1 that runs.
nlohmann::json pod(const std::string& name, bool injected = true);

class ClusterSideTest : public testing::Test {
 protected:
  ClusterSideTest();

  void start();
  // A round with these checks.
  void round(const std::vector<CheckResult>& checks);
  void publish();
  // A look into the namespaces: these pods have this one.
  void observe(const std::map<std::string, NamespaceSetup>& setups);

  bool label_becomes(const std::string& value);
  bool metrics_show(const std::string& line);
  bool metrics_drop(const std::string& text);

  const std::unique_ptr<System> system_ = make_real_system();  // its clocks alone
  FakeCluster api_;
  ClusterOptions options_;
  AgentSnapshot snapshot_;
  std::unique_ptr<ClusterSide> side_;
};

}  // namespace smc::node::test
