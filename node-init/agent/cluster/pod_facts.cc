#include "node-init/agent/cluster/pod_facts.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/json_value.h"
#include "base/keys.h"

namespace smc::node {
namespace {

using nlohmann::json;
using Pointer = json::json_pointer;

// What the kubelet writes upon the pods that it made itself, from files of the node.
constexpr const char* kMirrorAnnotation = "kubernetes.io/config.mirror";
constexpr const char* kHashAnnotation = "kubernetes.io/config.hash";

std::string annotation(const json& pod, std::string_view key) {
  return text_at(pod, Pointer("/metadata/annotations") / std::string(key));
}

bool has_init_container(const json& pod, const std::string& name) {
  const Pointer path("/spec/initContainers");
  if (name.empty() || !pod.contains(path) || !pod.at(path).is_array()) return false;
  const json& all = pod.at(path);
  return std::any_of(all.begin(), all.end(),
                     [&](const json& container) { return text_at(container, "/name") == name; });
}

bool is_injected(const json& pod) {
  const json mark = json::parse(annotation(pod, kStatusAnnotation), nullptr, false);
  return mark.is_object() && has_init_container(pod, text_at(mark, "/container"));
}

}  // namespace

std::optional<PodFacts> read_pod(const json& pod) {
  PodFacts facts;
  facts.uid = text_at(pod, "/metadata/uid");
  facts.ns = text_at(pod, "/metadata/namespace");
  facts.name = text_at(pod, "/metadata/name");
  if (facts.uid.empty() || facts.ns.empty() || facts.name.empty()) return std::nullopt;
  const std::string hash = annotation(pod, kHashAnnotation);
  const bool is_static = !annotation(pod, kMirrorAnnotation).empty() && !hash.empty();
  facts.cgroup_uid = is_static ? hash : facts.uid;
  facts.asks_for_smc = annotation(pod, kEnabledAnnotation) == "true";
  facts.injected = is_injected(pod);
  facts.running = text_at(pod, "/status/phase") == "Running" &&
                  !pod.contains(Pointer("/metadata/deletionTimestamp"));
  const Pointer host_network("/spec/hostNetwork");
  facts.host_network = pod.contains(host_network) && pod.at(host_network) == true;
  return facts;
}

}  // namespace smc::node
