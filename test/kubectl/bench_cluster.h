// An API server as `kubectl smc bench` sees one: its pods' results are real JSON. The tests that
// use it set and read the members from their own thread; its answers come from a thread of FakeApi.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/keys.h"
#include "test/kube/fake_api.h"
#include "test/kubectl/objects.h"
#include "test/smc-bench/sample.h"

namespace smc::kubectl {

inline bool is_load(const json& pod) {
  return pod["metadata"]["labels"]["smc-bench/role"] == "load";
}

// A container's log has what it wrote to both outputs: fortio's log lines, its JSON, its summary.
inline std::string fortio_log() {
  const auto result = read_file(SMC_TEST_DIR "/smc-bench/fortio.json", 1 << 20);
  return R"x({"ts":1769860800.1,"level":"info","msg":"Starting at 100000 qps with 64 thread(s)"})x"
         "\n" +
         (result ? *result : "") + "All done 1237035 calls (plus 64 warmup) 1.500 ms avg\n";
}

// Pods by "NS/NAME". Servers run; loads have ended at once, with a result in their log.
class PlayedCluster {
 public:
  std::function<void(json& pod)> change = [](json&) {};  // of each pod that is made
  bool refuse_removal = false;
  int unavailable = 0;  // of how many requests from the next on, other than those that make
  std::set<std::string> nodes_for_smc = {"node1", "node2"};
  bool nodes_are_secret = false;
  std::string fortio_says = fortio_log();
  std::set<std::string> namespaces;
  std::map<std::string, json> pods;
  std::map<std::string, json> secrets;
  std::vector<json> made;

  std::shared_ptr<const kube::Cluster> cluster() const { return api_.cluster(); }

 private:
  void serve(const kube::ApiRequest& request, kube::ApiResponse& out) {
    const std::lock_guard lock(mutex_);
    const std::string ns = part_behind(request.path, "/namespaces/");
    const std::string name = part_behind(request.path, "/pods/");
    if (request.path.find("/secrets") != std::string::npos) return serve_secrets(request, ns, out);
    if (const std::string node = part_behind(request.path, "/nodes/"); !node.empty())
      return answer_node(node, out);
    if (request.method == "POST") return make(request, ns, out);
    if (unavailable > 0) {
      --unavailable;
      return answer(out, 503, kube::status_body("ServiceUnavailable", 503));
    }
    if (request.method == "DELETE") return remove(ns, name, out);
    const auto found = pods.find(ns + "/" + name);
    if (found == pods.end()) return answer(out, 404, kube::status_body("NotFound", 404));
    const std::string container = part_behind(request.target, "/log?container=");
    if (container.empty()) return answer(out, 200, found->second.dump());
    answer(out, 200, log_of(found->second, container));
  }

  std::string log_of(const json& pod, const std::string& container) const {
    const auto& containers = pod["spec"]["containers"];
    if (container == "fortio") return fortio_says;
    if (containers.size() == 2) return to_json(*bench::sample_result().proof);
    return to_json(bench::sample_result()) + "smc-bench: error: behind the result\n";
  }

  void serve_secrets(const kube::ApiRequest& request, const std::string& ns,
                     kube::ApiResponse& out) {
    if (request.method == "POST") {
      const json secret = json::parse(request.body);
      secrets[ns + "/" + secret["metadata"]["name"].get<std::string>()] = secret;
      return answer(out, 201, request.body);
    }
    const auto found = secrets.find(ns + "/" + part_behind(request.path, "/secrets/"));
    if (found == secrets.end()) return answer(out, 404, kube::status_body("NotFound", 404));
    answer(out, 200, found->second.dump());
  }

  void answer_node(const std::string& name, kube::ApiResponse& out) const {
    if (nodes_are_secret) return answer(out, 403, kube::status_body("Forbidden", 403));
    json node = {{"metadata", {{"name", name}, {"labels", json::object()}}}};
    if (nodes_for_smc.contains(name))
      node["metadata"]["labels"][std::string(kNodeLabelKey)] = std::string(kNodeLabelValue);
    answer(out, 200, node.dump());
  }

  void make(const kube::ApiRequest& request, const std::string& ns, kube::ApiResponse& out) {
    json object = json::parse(request.body);
    if (ns.empty()) {
      namespaces.insert(object["metadata"]["name"]);
      return answer(out, 201, object.dump());
    }
    made.push_back(object);
    const bool load = is_load(object);
    object["spec"]["nodeName"] = load ? "node2" : "node1";
    object["status"] = {
        {"phase", load ? "Succeeded" : "Running"},
        {"podIP", "10.1.2.3"},
        {"conditions", json::array({{{"type", "Ready"}, {"status", load ? "False" : "True"}}})}};
    change(object);
    pods[ns + "/" + object["metadata"]["name"].get<std::string>()] = object;
    answer(out, 201, object.dump());
  }

  void remove(const std::string& ns, const std::string& name, kube::ApiResponse& out) {
    if (refuse_removal) return answer(out, 403, kube::status_body("Forbidden", 403));
    pods.erase(ns + "/" + name);
    if (name.empty()) {
      namespaces.erase(ns);
      std::erase_if(pods, [&](const auto& pod) { return pod.first.starts_with(ns + "/"); });
    }
    answer(out, 200, R"({"kind":"Status"})");
  }

  static std::string part_behind(const std::string& path, const std::string& what) {
    const std::size_t at = path.find(what);
    if (at == std::string::npos) return "";
    const std::string rest = path.substr(at + what.size());
    return rest.substr(0, rest.find('/'));
  }

  std::mutex mutex_;
  kube::FakeApi api_{
      [this](const kube::ApiRequest& request, kube::ApiResponse& out) { serve(request, out); }};
};

}  // namespace smc::kubectl
