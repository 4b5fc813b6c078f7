#include "node-init/agent/cluster/pod_facts.h"

#include <algorithm>
#include <utility>
#include <vector>

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
std::vector<std::string> arguments_of(const json& container) {
  const Pointer path("/args");
  std::vector<std::string> all;
  if (!container.contains(path) || !container.at(path).is_array()) return all;
  for (const json& argument : container.at(path))
    if (argument.is_string()) all.push_back(argument.get<std::string>());
  return all;
}

bool has(const std::vector<std::string>& arguments, std::string_view flag) {
  return std::ranges::find(arguments, flag) != arguments.end();
}

// Of "--flag=value"; "" where there is none.
std::string value_of(const std::vector<std::string>& arguments, std::string_view flag) {
  const std::string prefix = std::string(flag) + "=";
  for (const std::string& argument : arguments)
    if (argument.starts_with(prefix)) return argument.substr(prefix.size());
  return "";
}

void read_setup_container(const json& container, PodFacts& facts) {
  const auto arguments = arguments_of(container);
  facts.injected = true;
  facts.setup_container = text_at(container, "/name");
  facts.programs_ask = value_of(arguments, kProgramsFlag) == kAskWord;
  facts.by_agent = has(arguments, kPodCommand) && has(arguments, kByAgentFlag);
  facts.by_itself = has(arguments, kPodCommand) && !facts.by_agent;
  facts.wants_destinations = !value_of(arguments, kExcludeDestinationsFlag).empty();
  facts.interface = value_of(arguments, kInterfaceFlag);
  facts.pnetid = value_of(arguments, kPnetidFlag);
}

// "containerd://3f1c…": the runtime, and what it calls the container.
void read_containers(const json& statuses, PodFacts& facts) {
  if (!statuses.is_array()) return;
  for (const json& status : statuses) {
    const std::string id = text_at(status, "/containerID");
    const auto scheme = id.find("://");
    if (scheme != std::string::npos && scheme + 3 < id.size())
      facts.containers[id.substr(scheme + 3)] = text_at(status, "/name");
  }
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
  facts.is_static = !annotation(pod, kMirrorAnnotation).empty();
  facts.asks_for_smc = annotation(pod, kEnabledAnnotation) == "true";
  if (auto list = parse_destinations(annotation(pod, kExcludeDestinationsAnnotation)))
    facts.exclude_destinations = std::move(*list);
  const json* container = injected_container(pod);
  if (container != nullptr) read_setup_container(*container, facts);
  facts.running = text_at(pod, "/status/phase") == "Running" &&
                  !pod.contains(Pointer("/metadata/deletionTimestamp"));
  const Pointer host_network("/spec/hostNetwork");
  facts.host_network = pod.contains(host_network) && pod.at(host_network) == true;
  for (const char* statuses : {"/status/initContainerStatuses", "/status/containerStatuses"})
    if (const Pointer path(statuses); pod.contains(path)) read_containers(pod.at(path), facts);
  return facts;
}

}  // namespace smc::node
