// The agent's side towards an API server, with rounds and looks into pods as the test says. For
// tests.
#pragma once

#include <chrono>
#include <csignal>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "node-init/agent/cluster/cluster_side.h"
#include "test/node-init/agent/cluster/fake_cluster.h"

namespace smc::node::test {

inline constexpr const char* kKey = "smc.asm.alibabacloud.com/erdma";
inline const CheckResult kGood{"kernel", Verdict::kPass, "new enough", ""};
inline const CheckResult kBad{"rdma device", Verdict::kFail, "this namespace sees none",
                              "attach one"};

// An annotated pod of node n1 that runs.
inline nlohmann::json pod(const std::string& name, bool injected = true) {
  nlohmann::json out = {{"metadata",
                         {{"uid", "uid-" + name},
                          {"namespace", "shop"},
                          {"name", name},
                          {"annotations", {{"smc.asm.alibabacloud.com/enabled", "true"}}}}},
                        {"spec", {{"nodeName", "n1"}}},
                        {"status", {{"phase", "Running"}}}};
  if (injected) {
    out["metadata"]["annotations"]["smc.asm.alibabacloud.com/status"] =
        R"({"version":"1","container":"smc-init"})";
    out["spec"]["initContainers"] = {{{"name", "smc-init"}}};
  }
  return out;
}

class ClusterSideTest : public testing::Test {
 protected:
  ClusterSideTest() {
    std::signal(SIGPIPE, SIG_IGN);
    options_.node = "n1";
    options_.client.user_agent = "test/1";
    options_.latch.on_after = std::chrono::milliseconds(0);
    options_.latch.off_after = std::chrono::milliseconds(0);
    options_.node_period = std::chrono::milliseconds(50);
    options_.pod_grace = std::chrono::milliseconds(0);
    options_.backoff = {std::chrono::milliseconds(2), std::chrono::milliseconds(20)};
    api_.add_node("n1");
  }

  void start() { side_ = std::make_unique<ClusterSide>(api_.cluster(), options_); }

  // A round with these checks.
  void round(const std::vector<CheckResult>& checks) {
    snapshot_.report.checks = checks;
    snapshot_.last_round += std::chrono::seconds(1);
    publish();
  }
  void publish() { side_->published(std::make_shared<const AgentSnapshot>(snapshot_)); }
  // A look into the namespaces: these pods have this one.
  void observe(const std::map<std::string, NamespaceSetup>& seen) {
    snapshot_.observed = true;
    snapshot_.observation = {};
    snapshot_.observation.active_pnetids = {"PNA"};
    for (const auto& [uid, setup] : seen) snapshot_.observation.pods[uid].setups = {setup};
    publish();
  }

  bool label_becomes(const std::string& value) {
    return eventually([&] { return api_.label("n1") == value; });
  }
  bool metrics_show(const std::string& line) {
    return eventually([&] { return side_->metrics().find(line) != std::string::npos; });
  }
  bool metrics_lose(const std::string& text) {
    return eventually([&] { return side_->metrics().find(text) == std::string::npos; });
  }

  FakeCluster api_;
  ClusterOptions options_;
  AgentSnapshot snapshot_;
  std::unique_ptr<ClusterSide> side_;
};

}  // namespace smc::node::test
