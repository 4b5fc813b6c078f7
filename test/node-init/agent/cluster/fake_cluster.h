// An API server with Nodes, pods, events and one DaemonSet in memory, for what an agent asks. Each
// answer can be replaced by a refusal. Safe on any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace smc::kube {
struct Cluster;
}

namespace smc::node::test {

class FakeCluster {
 public:
  FakeCluster();
  ~FakeCluster();

  std::shared_ptr<kube::Cluster> cluster() const;

  void add_node(const std::string& name);
  void add_node(const std::string& name, const nlohmann::json& labels);
  // As kubectl would.
  void set_label(const std::string& node, const std::string& key, const nlohmann::json& value);
  void set_taints(const std::string& node, const nlohmann::json& taints);
  void remove_node(const std::string& name);
  nlohmann::json node(const std::string& name) const;
  // "" where there is none.
  std::string label(const std::string& node) const;
  std::string annotation(const std::string& node) const;

  // A watch delivers it; without a status it is deleted.
  void set_pod(const nlohmann::json& pod);
  void delete_pod(const nlohmann::json& pod);
  // Ends the open watches; one that goes on from before is answered with 410.
  void forget_history();

  // "NAMESPACE/NAME" of the DaemonSet that is there; `looks`: after its deletion it is seen this
  // often, marked as deleted.
  void set_daemonset(const std::string& name, int looks = 0);
  bool has_daemonset() const;
  // Of its pods.
  void set_node_selector(const nlohmann::json& labels);

  std::vector<nlohmann::json> events() const;

  // Requests whose "METHOD PATH" begins so are answered with `status`, that many times; `cause` is
  // the reason in the Status' first cause.
  void refuse(const std::string& prefix, int status, int times = 1 << 30,
              const std::string& cause = "");
  void accept_all();
  // Nobody listens any more, and somebody does again.
  void go_away();
  void come_back();

  // "METHOD PATH" in the order of arrival; of the query alone "?resourceVersion=0", where a list
  // may be of the watch cache.
  std::vector<std::string> requests() const;
  std::size_t count(const std::string& prefix) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// True as soon as `condition` is; false after 20 s, which only a broken agent takes.
bool eventually(const std::function<bool()>& condition);

}  // namespace smc::node::test
