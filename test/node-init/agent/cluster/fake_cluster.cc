#include "test/node-init/agent/cluster/fake_cluster.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include <nlohmann/json.hpp>

#include "test/kube/fake_api.h"

namespace smc::node::test {
namespace {

using kube::ApiRequest;
using kube::ApiResponse;
using nlohmann::json;
using std::chrono::milliseconds;

constexpr const char* kDaemonSets = "/apis/apps/v1/namespaces/";

std::string last_part(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

void refuse_with(ApiResponse& response, int status, const std::string& reason = "",
                 const std::string& cause = "") {
  json body = {{"reason", reason}, {"message", "by the test"}};
  if (!cause.empty()) body["details"]["causes"] = {{{"reason", cause}}};
  kube::answer(response, status, body.dump());
}

std::string uid_of(const json& object) {
  return object.at("metadata").at("uid");
}

struct Refusal {
  std::string prefix;
  int status = 500;
  int times = 0;
  std::string cause;
};

// An operation that does not hold leaves all as it was.
bool apply(const json& patch, json& object) {
  try {
    object = object.patch(patch);
    return true;
  } catch (const json::exception&) {
    return false;
  }
}

}  // namespace

class FakeCluster::Impl {
 public:
  void listen();
  void close();
  void publish(const char* type, json pod);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, json> nodes_;
  std::map<std::string, json> pods_;  // by UID
  std::vector<std::string> log_;      // of the pods' watch events
  std::size_t history_begins_ = 0;    // in log_
  bool closing_ = false;
  std::map<std::string, json> events_;
  std::string daemonset_;
  bool daemonset_marked_ = false;
  int daemonset_looks_ = 0;
  json node_selector_;  // null: none
  std::vector<Refusal> refusals_;
  std::vector<std::string> requests_;
  int port_ = 0;  // of the next api_; 0: any
  std::unique_ptr<kube::FakeApi> api_;

 private:
  void answer(const ApiRequest& request, ApiResponse& response);
  void answer_nodes(const ApiRequest& request, ApiResponse& response);
  void answer_pods(const ApiRequest& request, ApiResponse& response);
  void answer_event(const ApiRequest& request, ApiResponse& response);
  void answer_daemonset(const ApiRequest& request, ApiResponse& response);
};

void FakeCluster::Impl::listen() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = false;
  }
  api_ = std::make_unique<kube::FakeApi>(
      [this](const ApiRequest& request, ApiResponse& response) { answer(request, response); },
      port_);
}

void FakeCluster::Impl::close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  const int port = api_->port();
  api_.reset();
  const std::lock_guard lock(mutex_);
  port_ = port;
}

// With mutex_ held.
void FakeCluster::Impl::publish(const char* type, json pod) {
  pod["metadata"]["resourceVersion"] = std::to_string(log_.size() + 1);
  log_.push_back(json{{"type", type}, {"object", std::move(pod)}}.dump() + "\n");
  changed_.notify_all();
}

void FakeCluster::Impl::answer(const ApiRequest& request, ApiResponse& response) {
  const std::lock_guard lock(mutex_);
  std::string text = request.method + " " + request.path;
  const bool from_cache = request.parameter("resourceVersion") == "0";
  if (from_cache && !request.has_parameter("watch")) text += "?resourceVersion=0";
  requests_.push_back(text);
  for (Refusal& refusal : refusals_) {
    if (refusal.times == 0 || !text.starts_with(refusal.prefix)) continue;
    --refusal.times;
    return refuse_with(response, refusal.status, "", refusal.cause);
  }
  if (request.path.starts_with("/api/v1/nodes")) return answer_nodes(request, response);
  if (request.path == "/api/v1/pods") return answer_pods(request, response);
  if (request.path.ends_with("/events")) return answer_event(request, response);
  if (request.path.starts_with(kDaemonSets)) return answer_daemonset(request, response);
  refuse_with(response, 404, "NotFound");
}

void FakeCluster::Impl::answer_nodes(const ApiRequest& request, ApiResponse& response) {
  if (request.path == "/api/v1/nodes") {
    // Pages of two, so that a few Nodes are several pages.
    const std::string from = request.parameter("continue");
    json items = json::array();
    std::string next;
    for (const auto& [name, node] : nodes_) {
      if (name < from) continue;
      if (items.size() == 2) {
        next = name;
        break;
      }
      items.push_back(node);
    }
    const json list = {{"metadata", {{"resourceVersion", "1"}, {"continue", next}}},
                       {"items", items}};
    return kube::answer(response, 200, list.dump());
  }
  const auto found = nodes_.find(last_part(request.path));
  if (found == nodes_.end()) return refuse_with(response, 404, "NotFound");
  if (request.method == "PATCH") {
    const std::string type = request.header("Content-Type");
    const json patch = json::parse(request.body);
    if (type == "application/merge-patch+json")
      found->second.merge_patch(patch);
    else if (type != "application/json-patch+json")
      return refuse_with(response, 415);
    else if (!apply(patch, found->second))
      return refuse_with(response, 422, "Invalid");
  }
  kube::answer(response, 200, found->second.dump());
}

void FakeCluster::Impl::answer_pods(const ApiRequest& request, ApiResponse& response) {
  if (request.parameter("fieldSelector") != "spec.nodeName=n1") return refuse_with(response, 400);
  if (!request.has_parameter("watch")) {
    json items = json::array();
    for (const auto& [uid, pod] : pods_) items.push_back(pod);
    const json list = {{"metadata", {{"resourceVersion", std::to_string(log_.size())}}},
                       {"items", items}};
    return kube::answer(response, 200, list.dump());
  }
  auto next = static_cast<std::size_t>(std::stoul(request.parameter("resourceVersion")));
  if (next < history_begins_) return refuse_with(response, 410, "Expired");
  response.stream = [this, next](std::string& part) mutable {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, milliseconds(20), [&] { return closing_ || next < log_.size(); });
    if (closing_ || next < history_begins_) return kube::Next::kEnd;
    if (next < log_.size()) part = log_[next++];
    return kube::Next::kMore;
  };
}

void FakeCluster::Impl::answer_event(const ApiRequest& request, ApiResponse& response) {
  const json event = json::parse(request.body);
  const std::string name = event.at("metadata").at("name");
  if (events_.contains(name)) return refuse_with(response, 409, "AlreadyExists");
  events_[name] = event;
  kube::answer(response, 201, event.dump());
}

void FakeCluster::Impl::answer_daemonset(const ApiRequest& request, ApiResponse& response) {
  const std::string path = kDaemonSets + daemonset_.substr(0, daemonset_.find('/')) +
                           "/daemonsets/" + last_part(daemonset_);
  if (daemonset_.empty() || request.path != path) return refuse_with(response, 404, "NotFound");
  json object = {{"metadata", {{"name", last_part(daemonset_)}}}};
  if (!node_selector_.is_null())
    object["spec"]["template"]["spec"]["nodeSelector"] = node_selector_;
  if (request.method == "DELETE") {
    if (json::parse(request.body).value("propagationPolicy", "") != "Foreground")
      return refuse_with(response, 400);
    daemonset_marked_ = true;
  } else if (daemonset_marked_ && daemonset_looks_-- == 0) {
    daemonset_.clear();
    return refuse_with(response, 404, "NotFound");
  }
  if (daemonset_marked_) object["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
  kube::answer(response, 200, object.dump());
}

FakeCluster::FakeCluster() : impl_(std::make_unique<Impl>()) {
  impl_->listen();
}

FakeCluster::~FakeCluster() {
  impl_->close();
}

std::shared_ptr<kube::Cluster> FakeCluster::cluster() const {
  return impl_->api_->cluster();
}

void FakeCluster::go_away() {
  impl_->close();
}

void FakeCluster::come_back() {
  impl_->listen();
}

void FakeCluster::add_node(const std::string& name) {
  add_node(name, json::object());
}

void FakeCluster::add_node(const std::string& name, const json& labels) {
  const std::lock_guard lock(impl_->mutex_);
  impl_->nodes_[name] = {
      {"metadata", {{"name", name}, {"uid", "uid-" + name}, {"labels", labels}}}};
}

void FakeCluster::set_taints(const std::string& node, const json& taints) {
  const std::lock_guard lock(impl_->mutex_);
  impl_->nodes_.at(node)["spec"]["taints"] = taints;
}

void FakeCluster::set_label(const std::string& node, const std::string& key, const json& value) {
  const std::lock_guard lock(impl_->mutex_);
  impl_->nodes_.at(node).merge_patch({{"metadata", {{"labels", {{key, value}}}}}});
}

void FakeCluster::remove_node(const std::string& name) {
  const std::lock_guard lock(impl_->mutex_);
  impl_->nodes_.erase(name);
}

json FakeCluster::node(const std::string& name) const {
  const std::lock_guard lock(impl_->mutex_);
  return impl_->nodes_.at(name);
}

std::string FakeCluster::label(const std::string& node_name) const {
  return node(node_name)["metadata"]["labels"].value("smc.asm.alibabacloud.com/erdma", "");
}

std::string FakeCluster::annotation(const std::string& node_name) const {
  const json metadata = node(node_name)["metadata"];
  return metadata.value("annotations", json::object()).value("smc.asm.alibabacloud.com/node", "");
}

void FakeCluster::set_pod(const json& pod) {
  const std::lock_guard lock(impl_->mutex_);
  const bool known = impl_->pods_.contains(uid_of(pod));
  impl_->pods_[uid_of(pod)] = pod;
  impl_->publish(known ? "MODIFIED" : "ADDED", pod);
}

void FakeCluster::delete_pod(const json& pod) {
  const std::lock_guard lock(impl_->mutex_);
  impl_->pods_.erase(uid_of(pod));
  impl_->publish("DELETED", pod);
}

void FakeCluster::forget_history() {
  const std::lock_guard lock(impl_->mutex_);
  impl_->publish("MODIFIED", {{"metadata", {{"uid", "nobody's"}}}});
  impl_->history_begins_ = impl_->log_.size();
  impl_->changed_.notify_all();
}

void FakeCluster::set_daemonset(const std::string& name, int looks) {
  const std::lock_guard lock(impl_->mutex_);
  impl_->daemonset_ = name;
  impl_->daemonset_marked_ = false;
  impl_->daemonset_looks_ = looks;
}

void FakeCluster::set_node_selector(const json& labels) {
  const std::lock_guard lock(impl_->mutex_);
  impl_->node_selector_ = labels;
}

bool FakeCluster::has_daemonset() const {
  const std::lock_guard lock(impl_->mutex_);
  return !impl_->daemonset_.empty();
}

std::vector<json> FakeCluster::events() const {
  const std::lock_guard lock(impl_->mutex_);
  std::vector<json> all;
  for (const auto& [name, event] : impl_->events_) all.push_back(event);
  return all;
}

void FakeCluster::refuse(const std::string& prefix, int status, int times,
                         const std::string& cause) {
  const std::lock_guard lock(impl_->mutex_);
  impl_->refusals_.push_back({prefix, status, times, cause});
}

void FakeCluster::accept_all() {
  const std::lock_guard lock(impl_->mutex_);
  impl_->refusals_.clear();
}

std::vector<std::string> FakeCluster::requests() const {
  const std::lock_guard lock(impl_->mutex_);
  return impl_->requests_;
}

std::size_t FakeCluster::count(const std::string& prefix) const {
  const auto all = requests();
  return static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(),
                    [&](const std::string& request) { return request.starts_with(prefix); }));
}

bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(milliseconds(2));
  }
  return true;
}

}  // namespace smc::node::test
