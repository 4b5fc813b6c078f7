#include "node-init/agent/cluster/pod_facts.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/json_value.h"
#include "base/keys.h"
#include "base/pod_arguments.h"

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

// The container that the webhook's mark names; null where there is no mark or no such container.
const json* injected_container(const json& pod) {
  const json mark = json::parse(annotation(pod, kStatusAnnotation), nullptr, false);
  const std::string name = mark.is_object() ? text_at(mark, "/container") : "";
  const Pointer path("/spec/initContainers");
  if (name.empty() || !pod.contains(path) || !pod.at(path).is_array()) return nullptr;
  const json& all = pod.at(path);
  const auto found = std::ranges::find_if(
      all, [&](const json& container) { return text_at(container, "/name") == name; });
  return found == all.end() ? nullptr : &*found;
}

// What holds is what the webhook let through, not the pod's annotation.
bool has_ask_argument(const json& container) {
  const Pointer path("/args");
  if (!container.contains(path) || !container.at(path).is_array()) return false;
  const std::string wanted = std::string(kProgramsFlag) + "=" + std::string(kAskWord);
  return std::ranges::find(container.at(path), json(wanted)) != container.at(path).end();
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
  const json* container = injected_container(pod);
  facts.injected = container != nullptr;
  facts.programs_ask = facts.injected && has_ask_argument(*container);
  facts.running = text_at(pod, "/status/phase") == "Running" &&
                  !pod.contains(Pointer("/metadata/deletionTimestamp"));
  const Pointer host_network("/spec/hostNetwork");
  facts.host_network = pod.contains(host_network) && pod.at(host_network) == true;
  return facts;
}

}  // namespace smc::node
