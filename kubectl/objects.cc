#include "kubectl/objects.h"

#include <algorithm>
#include <cctype>

#include "base/json_text.h"
#include "base/json_value.h"
#include "base/keys.h"

namespace smc::kubectl {
namespace {

using nlohmann::json;

constexpr std::string_view kOwnPrefix = "smc.asm.alibabacloud.com/";

std::string member(const json& object, const char* map, std::string_view key) {
  return text_at(object, json::json_pointer("/metadata") / map / std::string(key));
}

bool is_true(const json& pod, const char* condition) {
  const auto conditions = pod.value("/status/conditions"_json_pointer, json::array());
  return std::ranges::any_of(conditions, [&](const json& each) {
    return text_at(each, "/type") == condition && text_at(each, "/status") == "True";
  });
}

// The container that the webhook says it has put in.
std::string injected_container(const json& pod) {
  const json status = json::parse(annotation_of(pod, kStatusAnnotation), nullptr, false);
  return status.is_object() ? text_at(status, "/container") : std::string();
}

// Of a map the members whose key is kept.
template <class Keep>
void keep_members(json& object, const json::json_pointer& place, Keep keep) {
  if (!object.contains(place) || !object[place].is_object()) return;
  json kept = json::object();
  for (const auto& [key, value] : object[place].items())
    if (keep(key)) kept[key] = value;
  object[place] = std::move(kept);
}

bool is_own(const std::string& key) {
  return key.starts_with(kOwnPrefix);
}

void keep_places(json& object, std::initializer_list<const char*> places) {
  json kept = json::object();
  for (const char* place : places) {
    const json::json_pointer at(place);
    if (object.contains(at)) kept[at] = std::move(object[at]);
  }
  object = std::move(kept);
}

// Of each item of a list one member.
json names_in(const json& object, const char* place) {
  json names = json::array();
  const auto list = object.value(json::json_pointer(place), json::array());
  for (const json& each : list) names.push_back({{"name", text_at(each, "/name")}});
  return names;
}

// The hash that a ReplicaSet's name ends with.
std::string without_hash(const std::string& name, const std::string& hash) {
  const std::string end = "-" + hash;
  return !hash.empty() && name.ends_with(end) ? name.substr(0, name.size() - end.size()) : "";
}

}  // namespace

std::string namespace_of(const json& object) {
  return text_at(object, "/metadata/namespace");
}

std::string name_of(const json& object) {
  const std::string ns = namespace_of(object);
  return (ns.empty() ? "" : ns + "/") + text_at(object, "/metadata/name");
}

std::string label_of(const json& object, std::string_view key) {
  return member(object, "labels", key);
}

std::string annotation_of(const json& object, std::string_view key) {
  return member(object, "annotations", key);
}

std::string version_of(const json& object) {
  const std::string version = label_of(object, kVersionLabel);
  return version.empty() ? "?" : version;
}

const json& items_of(const json& object, const char* key) {
  static const json kNone = json::array();
  if (!object.is_object()) return kNone;
  const auto found = object.find(key);
  return found != object.end() && found->is_array() ? *found : kNone;
}

bool flag_of(const json& object, const char* key) {
  if (!object.is_object()) return false;
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

std::string shown_at(const json& object, const char* place) {
  return printable(text_at(object, place), kMaxShown);
}

bool is_annotated(const json& pod) {
  return annotation_of(pod, kEnabledAnnotation) == "true";
}

bool is_injected(const json& pod) {
  const std::string container = injected_container(pod);
  const auto containers = pod.value("/spec/initContainers"_json_pointer, json::array());
  return !container.empty() && std::ranges::any_of(containers, [&](const json& each) {
    return text_at(each, "/name") == container;
  });
}

bool is_live(const json& pod) {
  const std::string phase = text_at(pod, "/status/phase");
  return phase != "Succeeded" && phase != "Failed" &&
         text_at(pod, "/metadata/deletionTimestamp").empty();
}

bool is_ready(const json& object) {
  return is_true(object, "Ready");
}

std::string workload_of(const json& pod) {
  const auto owners = pod.value("/metadata/ownerReferences"_json_pointer, json::array());
  for (const json& owner : owners) {
    if (!flag_of(owner, "controller")) continue;
    std::string kind = text_at(owner, "/kind");
    const std::string name = text_at(owner, "/name");
    const std::string base = without_hash(name, label_of(pod, "pod-template-hash"));
    if (kind == "ReplicaSet" && !base.empty()) return namespace_of(pod) + " deployment/" + base;
    std::ranges::transform(kind, kind.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return namespace_of(pod).append(" ").append(kind).append("/").append(name);
  }
  return namespace_of(pod) + " pod/" + text_at(pod, "/metadata/name");
}

json init_summary(const json& pod) {
  const std::string container = injected_container(pod);
  const auto statuses = pod.value("/status/initContainerStatuses"_json_pointer, json::array());
  for (const json& status : statuses) {
    if (text_at(status, "/name") != container) continue;
    const json summary = json::parse(text_at(status, "/state/terminated/message"), nullptr, false);
    if (summary.is_object()) return summary;
  }
  return nullptr;
}

void reduce_pod(json& pod) {
  const json containers = names_in(pod, "/spec/initContainers");
  keep_places(pod, {"/metadata/name", "/metadata/namespace", "/metadata/uid", "/metadata/labels",
                    "/metadata/annotations", "/metadata/ownerReferences",
                    "/metadata/deletionTimestamp", "/metadata/creationTimestamp", "/spec/nodeName",
                    "/spec/hostNetwork", "/spec/runtimeClassName", "/status/phase", "/status/podIP",
                    "/status/conditions", "/status/initContainerStatuses"});
  pod["spec"]["initContainers"] = containers;
  keep_members(pod, "/metadata/annotations"_json_pointer, is_own);
}

void reduce_node(json& node) {
  keep_places(node, {"/metadata/name", "/metadata/labels", "/metadata/annotations", "/spec/taints",
                     "/status/conditions", "/status/addresses", "/status/nodeInfo"});
  keep_members(node, "/metadata/annotations"_json_pointer, is_own);
}

bool selects(const json& service, const json& pod) {
  const auto selector = service.value("/spec/selector"_json_pointer, json::object());
  if (selector.empty() || namespace_of(service) != namespace_of(pod)) return false;
  const auto items = selector.items();
  return std::all_of(items.begin(), items.end(), [&](const auto& item) {
    return item.value().is_string() &&
           label_of(pod, item.key()) == item.value().template get_ref<const std::string&>();
  });
}

std::string address_of(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  std::string_view address = text.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']'))
    address = address.substr(1, address.size() - 2);
  return std::string(address);
}

}  // namespace smc::kubectl
