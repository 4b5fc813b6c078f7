#include "test/mesh/fake_mesh.h"

#include <map>
#include <thread>

#include <gtest/gtest.h>

namespace smc {

using nlohmann::json;

namespace {

constexpr const char* kDiscovery = "/apis/istio.alibabacloud.com/v1beta1";

json object_of(const json& spec, const std::string& ns, int version) {
  json out = {{"metadata", {{"name", "default"}, {"resourceVersion", std::to_string(version)}}},
              {"spec", spec}};
  if (!ns.empty()) out["metadata"]["namespace"] = ns;
  return out;
}

}  // namespace

struct FakeMesh::State {
  std::mutex mutex;
  bool served = false;
  bool namespaced = false;
  int version = 1;
  int compacted = 0;   // changes up to this version are forgotten
  int generation = 0;  // of the watches: one of an older generation ends
  bool mid_line = false;
  std::map<std::string, json> objects;
  std::vector<std::pair<int, std::string>> changes;
  std::map<std::string, std::pair<int, std::string>> refused;
};

FakeMesh::FakeMesh()
    : state_(std::make_shared<State>()),
      api_([this](const kube::ApiRequest& request, kube::ApiResponse& response) {
        handle(request, response);
      }) {}

int FakeMesh::count(const std::string& prefix) const {
  int out = 0;
  for (const std::string& request : requests()) out += request.rfind(prefix, 0) == 0 ? 1 : 0;
  return out;
}

void FakeMesh::serve(bool namespaced) {
  const std::lock_guard lock(state_->mutex);
  state_->served = true;
  state_->namespaced = namespaced;
}

void FakeMesh::remove_kind() {
  for (const std::string ns : {"", "a", "b"}) remove(ns);
  const std::lock_guard lock(state_->mutex);
  state_->served = false;
  ++state_->generation;
}

void FakeMesh::add(const std::string& type, const json& object) {
  state_->changes.emplace_back(state_->version,
                               json{{"type", type}, {"object", object}}.dump() + "\n");
}

void FakeMesh::put(const json& spec, const std::string& ns) {
  const std::lock_guard lock(state_->mutex);
  const bool there = state_->objects.count(ns) > 0;
  const json object = object_of(spec, ns, ++state_->version);
  state_->objects[ns] = object;
  add(there ? "MODIFIED" : "ADDED", object);
}

void FakeMesh::remove(const std::string& ns) {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->objects.find(ns);
  if (found == state_->objects.end()) return;
  json last = found->second;
  last["metadata"]["resourceVersion"] = std::to_string(++state_->version);
  state_->objects.erase(found);
  add("DELETED", last);
}

void FakeMesh::refuse(const std::string& verb, int status, const std::string& body) {
  const std::lock_guard lock(state_->mutex);
  state_->refused[verb] = {status, body};
  ++state_->generation;
}

void FakeMesh::allow(const std::string& verb) {
  const std::lock_guard lock(state_->mutex);
  state_->refused.erase(verb);
}

void FakeMesh::compact() {
  const std::lock_guard lock(state_->mutex);
  state_->compacted = state_->version;
  ++state_->generation;
}

void FakeMesh::cut() {
  const std::lock_guard lock(state_->mutex);
  state_->mid_line = true;
  ++state_->generation;
}

void FakeMesh::handle(const kube::ApiRequest& request, kube::ApiResponse& response) {
  const std::lock_guard lock(state_->mutex);
  const bool discovers = request.path == kDiscovery;
  const std::string verb = discovers                        ? "discover"
                           : request.has_parameter("watch") ? "watch"
                                                            : "list";
  if (const auto refusal = state_->refused.find(verb); refusal != state_->refused.end())
    return kube::answer(response, refusal->second.first, refusal->second.second);
  if (!state_->served) return kube::answer(response, 404, R"({"reason":"NotFound"})");
  if (discovers)
    return kube::answer(response, 200,
                        json{{"kind", "APIResourceList"},
                             {"resources",
                              {{{"name", "others"}, {"kind", "Other"}, {"namespaced", true}},
                               {{"name", "asmmeshconfigs/status"},
                                {"kind", "ASMMeshConfig"},
                                {"namespaced", !state_->namespaced}},
                               {{"name", "asmmeshconfigs"},
                                {"kind", "ASMMeshConfig"},
                                {"namespaced", state_->namespaced}}}}}
                            .dump());
  EXPECT_EQ(request.parameter("fieldSelector"), "metadata.name=default");
  if (verb == "watch") return watch(request, response);
  json items = json::array();
  for (const auto& [ns, object] : state_->objects) items.push_back(object);
  kube::answer(
      response, 200,
      json{{"metadata", {{"resourceVersion", std::to_string(state_->version)}}}, {"items", items}}
          .dump());
}

void FakeMesh::watch(const kube::ApiRequest& request, kube::ApiResponse& response) {
  const int from = std::stoi(request.parameter("resourceVersion"));
  if (from < state_->compacted) return kube::answer(response, 410, R"({"reason":"Expired"})");
  response.stream = [state = state_, sent = from,
                     generation = state_->generation](std::string& part) mutable {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    const std::lock_guard lock(state->mutex);
    if (generation != state->generation) {
      if (!state->mid_line) return kube::Next::kEnd;
      part = "{\"ty";
      return kube::Next::kCut;
    }
    for (const auto& [version, line] : state->changes) {
      if (version <= sent) continue;
      sent = version;
      part = line;
      break;
    }
    return kube::Next::kMore;
  };
}

}  // namespace smc
