#include "test/webhook/cluster/fake_namespaces.h"

#include <map>
#include <mutex>
#include <thread>

#include <nlohmann/json.hpp>

namespace smc::webhook {

using nlohmann::json;

namespace {

json object_of(const std::string& name, const std::string& enforce, std::size_t version) {
  json out = {{"kind", "PartialObjectMetadata"},
              {"apiVersion", "meta.k8s.io/v1"},
              {"metadata", {{"name", name}, {"resourceVersion", std::to_string(version)}}}};
  out["metadata"]["labels"]["kubernetes.io/metadata.name"] = name;
  if (!enforce.empty()) out["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] = enforce;
  return out;
}

}  // namespace

struct FakeNamespaces::State {
  std::mutex mutex;
  int refused = 0;  // HTTP status; 0: nothing is
  int generation = 0;
  std::map<std::string, json> objects;
  std::vector<std::string> changes;  // the version is the number of changes
  std::vector<std::string> accepted;

  void add(const char* type, const json& object) {
    changes.push_back(json{{"type", type}, {"object", object}}.dump() + "\n");
  }
};

FakeNamespaces::FakeNamespaces()
    : state_(std::make_shared<State>()),
      api_([this](const kube::ApiRequest& request, kube::ApiResponse& response) {
        handle(request, response);
      }) {}

std::vector<std::string> FakeNamespaces::accepted() const {
  const std::lock_guard lock(state_->mutex);
  return state_->accepted;
}

void FakeNamespaces::put(const std::string& name, const std::string& enforce) {
  const std::lock_guard lock(state_->mutex);
  const bool there = state_->objects.contains(name);
  const json object = object_of(name, enforce, state_->changes.size() + 1);
  state_->objects[name] = object;
  state_->add(there ? "MODIFIED" : "ADDED", object);
}

void FakeNamespaces::remove(const std::string& name) {
  const std::lock_guard lock(state_->mutex);
  const json last = state_->objects.at(name);
  state_->objects.erase(name);
  state_->add("DELETED", last);
}

void FakeNamespaces::refuse(int status) {
  const std::lock_guard lock(state_->mutex);
  state_->refused = status;
  ++state_->generation;
}

void FakeNamespaces::allow() {
  const std::lock_guard lock(state_->mutex);
  state_->refused = 0;
}

void FakeNamespaces::handle(const kube::ApiRequest& request, kube::ApiResponse& response) {
  const std::lock_guard lock(state_->mutex);
  const std::string type = request.header("Accept");
  if (state_->accepted.empty() || state_->accepted.back() != type) state_->accepted.push_back(type);
  if (state_->refused != 0)
    return kube::answer(response, state_->refused, kube::status_body("Forbidden", state_->refused));
  if (request.has_parameter("watch")) return watch(request, response);
  list(request, response);
}

// The token of a page is the last name of the one before.
void FakeNamespaces::list(const kube::ApiRequest& request, kube::ApiResponse& response) {
  const std::size_t limit = std::stoul(request.parameter("limit"));
  json items = json::array();
  json metadata = {{"resourceVersion", std::to_string(state_->changes.size())}};
  for (auto next = state_->objects.upper_bound(request.parameter("continue"));
       next != state_->objects.end(); ++next) {
    if (items.size() == limit) {
      metadata["continue"] = std::prev(next)->first;
      break;
    }
    items.push_back(next->second);
  }
  kube::answer(response, 200, json{{"metadata", metadata}, {"items", items}}.dump());
}

void FakeNamespaces::watch(const kube::ApiRequest& request, kube::ApiResponse& response) {
  response.stream =
      [state = state_, generation = state_->generation,
       sent = std::stoul(request.parameter("resourceVersion"))](std::string& part) mutable {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        const std::lock_guard lock(state->mutex);
        if (generation != state->generation) return kube::Next::kEnd;
        if (sent < state->changes.size()) part = state->changes[sent++];
        return kube::Next::kMore;
      };
}

}  // namespace smc::webhook
