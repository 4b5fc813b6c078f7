// An API server with Nodes, pods, events and one DaemonSet in memory, for what an agent asks. Each
// answer can be replaced by a refusal. Safe on any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "test/kube/fake_api.h"

namespace smc::node::test {

class FakeCluster {
 public:
  FakeCluster();
  ~FakeCluster();

  std::shared_ptr<kube::Cluster> cluster() const;

  void add_node(const std::string& name, const nlohmann::json& labels = nlohmann::json::object());
  // As kubectl would.
  void set_label(const std::string& node, const std::string& key, const nlohmann::json& value);
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

  // "METHOD PATH" without the query, in the order of arrival.
  std::vector<std::string> requests() const;
  std::size_t count(const std::string& prefix) const;

 private:
  void answer(const httplib::Request& request, httplib::Response& response);
  void answer_nodes(const httplib::Request& request, httplib::Response& response);
  void answer_pods(const httplib::Request& request, httplib::Response& response);
  void answer_event(const httplib::Request& request, httplib::Response& response);
  void answer_daemonset(const httplib::Request& request, httplib::Response& response);
  void tell(const char* type, nlohmann::json pod);

  struct Refusal {
    std::string prefix;
    int status = 500;
    int times = 0;
    std::string cause;
  };

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, nlohmann::json> nodes_;
  std::map<std::string, nlohmann::json> pods_;  // by UID
  std::vector<std::string> log_;                // of the pods' watch events
  std::size_t history_begins_ = 0;              // in log_
  bool closing_ = false;
  std::map<std::string, nlohmann::json> events_;
  std::string daemonset_;
  bool daemonset_marked_ = false;
  int daemonset_looks_ = 0;
  nlohmann::json node_selector_;  // null: none
  std::vector<Refusal> refusals_;
  std::vector<std::string> requests_;
  int port_ = 0;  // of the next api_; 0: any
  std::unique_ptr<kube::FakeApi> api_;
};

// True as soon as `condition` is; false after 20 s, which only a broken agent takes.
bool eventually(const std::function<bool()>& condition);

}  // namespace smc::node::test
