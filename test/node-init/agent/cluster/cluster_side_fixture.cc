#include "test/node-init/agent/cluster/cluster_side_fixture.h"

#include <chrono>
#include <csignal>

#include <nlohmann/json.hpp>

namespace smc::node::test {

nlohmann::json pod(const std::string& name, bool injected) {
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

ClusterSideTest::ClusterSideTest() {
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

void ClusterSideTest::start() {
  side_ = std::make_unique<ClusterSide>(*system_, api_.cluster(), options_);
}

void ClusterSideTest::round(const std::vector<CheckResult>& checks) {
  snapshot_.report.checks = checks;
  snapshot_.last_round += std::chrono::seconds(1);
  publish();
}

void ClusterSideTest::publish() {
  side_->published(std::make_shared<const AgentSnapshot>(snapshot_));
}

void ClusterSideTest::observe(const std::map<std::string, NamespaceSetup>& setups) {
  snapshot_.observed = true;
  snapshot_.observation = {};
  snapshot_.observation.active_pnetids = {"PNA"};
  for (const auto& [uid, setup] : setups) snapshot_.observation.pods[uid].setups = {setup};
  publish();
}

bool ClusterSideTest::label_becomes(const std::string& value) {
  return eventually([&] { return api_.label("n1") == value; });
}

bool ClusterSideTest::metrics_show(const std::string& line) {
  return eventually([&] { return side_->metrics().find(line) != std::string::npos; });
}

bool ClusterSideTest::metrics_drop(const std::string& text) {
  return eventually([&] { return side_->metrics().find(text) == std::string::npos; });
}

}  // namespace smc::node::test
