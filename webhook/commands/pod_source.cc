#include "webhook/commands/pod_source.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/json_text.h"
#include "webhook/commands/yaml_patch.h"

namespace smc::webhook {
namespace {

using yaml::Node;
using yaml::Problem;

constexpr std::size_t kShownName = 100;  // characters of an object's name in a message
constexpr std::string_view kListSuffix = "List";

constexpr std::array kWorkloads = {
    Workload{"apps", "Deployment", "spec.template", "apps/v1", "ReplicaSet"},
    Workload{"apps", "ReplicaSet", "spec.template", "apps/v1", "ReplicaSet"},
    Workload{"apps", "StatefulSet", "spec.template", "apps/v1", "StatefulSet"},
    Workload{"apps", "DaemonSet", "spec.template", "apps/v1", "DaemonSet"},
    Workload{"extensions", "Deployment", "spec.template", "apps/v1", "ReplicaSet"},
    Workload{"extensions", "ReplicaSet", "spec.template", "apps/v1", "ReplicaSet"},
    Workload{"extensions", "DaemonSet", "spec.template", "apps/v1", "DaemonSet"},
    Workload{"batch", "Job", "spec.template", "batch/v1", "Job"},
    Workload{"batch", "CronJob", "spec.jobTemplate.spec.template", "batch/v1", "Job"},
    Workload{"", "ReplicationController", "spec.template", "v1", "ReplicationController"},
    Workload{"", "PodTemplate", "template", "", ""},
};

bool is_core(std::string_view api_version) {
  return api_version == "v1";
}

std::string_view group_of(std::string_view api_version) {
  const std::size_t slash = api_version.find('/');
  return slash == std::string_view::npos ? std::string_view() : api_version.substr(0, slash);
}

const Workload* workload_of(std::string_view api_version, std::string_view kind) {
  const auto found = std::ranges::find_if(kWorkloads, [&](const Workload& workload) {
    if (workload.kind != kind) return false;
    return workload.group.empty() ? is_core(api_version) : workload.group == group_of(api_version);
  });
  return found == kWorkloads.end() ? nullptr : &*found;
}

std::string namespace_of(const Node& object) {
  const std::string_view written = text_at(object.find("metadata"), "namespace");
  return std::string(written.empty() ? "default" : written);
}

std::string shown_name(const Node& object, std::string_view kind) {
  const Node* metadata = object.find("metadata");
  std::string_view name = text_at(metadata, "name");
  if (name.empty()) name = text_at(metadata, "generateName");
  const std::string whole = namespace_of(object) + "/" + std::string(name);
  return (kind.empty() ? "object" : printable(kind, kShownName)) + " " +
         printable(whole, kShownName);
}

void append_member(std::string& out, std::string_view key, std::string_view value) {
  append_json_string(out, key);
  out += ':';
  append_json_string(out, value);
}

void find_objects(Node& node, std::string_view list_api, std::string_view list_kind,
                  std::vector<ManifestObject>& found) {
  std::string api(text_at(&node, "apiVersion"));
  std::string kind(text_at(&node, "kind"));
  if (api.empty() && kind.empty()) {
    api = list_api;
    kind = list_kind;
  }
  Node* items = node.find("items");
  if (!kind.ends_with(kListSuffix) || items == nullptr || !items->is_list()) {
    const Workload* workload = workload_of(api, kind);
    found.push_back({&node, std::move(api), std::move(kind), workload});
    return;
  }
  const std::string_view of = std::string_view(kind).substr(0, kind.size() - kListSuffix.size());
  for (Node& item : items->children)
    if (item.is_map()) find_objects(item, of.empty() ? std::string_view() : api, of, found);
}

}  // namespace

std::string_view text_at(const Node* map, std::string_view key) {
  const Node* found = map != nullptr ? map->find(key) : nullptr;
  return found != nullptr && found->is_scalar() ? std::string_view(found->text)
                                                : std::string_view();
}

Node* descend(Node& node, std::string_view path) {
  Node* at = &node;
  while (at != nullptr && !path.empty()) {
    const std::size_t dot = std::min(path.find('.'), path.size());
    at = at->find(path.substr(0, dot));
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return at;
}

std::string ManifestObject::name() const {
  return shown_name(*node, kind);
}

std::vector<ManifestObject> objects_of(Node& document) {
  std::vector<ManifestObject> found;
  if (document.is_map()) find_objects(document, {}, {}, found);
  return found;
}

std::vector<PodSource> pods_of(const std::vector<ManifestObject>& objects) {
  std::vector<PodSource> pods;
  for (const ManifestObject& object : objects) {
    const bool is_pod = is_core(object.api_version) && object.kind == "Pod";
    if (!is_pod && object.workload == nullptr) continue;
    Node* pod = is_pod ? object.node : descend(*object.node, object.workload->template_path);
    if (pod != nullptr && pod->is_map())
      pods.emplace_back(*object.node, *pod, object.kind, object.workload);
  }
  return pods;
}

std::string PodSource::pod_namespace() const {
  return namespace_of(*object_);
}

std::string PodSource::name() const {
  return shown_name(*object_, kind_);
}

Result<std::string, Problem> PodSource::review() const {
  std::string out =
      R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"inject",)"
      R"("kind":{"group":"","version":"v1","kind":"Pod"},)"
      R"("resource":{"group":"","version":"v1","resource":"pods"},"operation":"CREATE",)";
  append_member(out, "namespace", pod_namespace());
  out += R"(,"object":)";
  const Result<void, Problem> appended = append_pod(out);
  if (!appended) return appended.error();
  return out + "}}";
}

Result<void, Problem> PodSource::append_pod(std::string& out) const {
  if (workload_ == nullptr || workload_->owner_kind.empty()) return append_json(out, *pod_);
  Node pod = *pod_;
  if (Node* metadata = pod.find("metadata"); metadata != nullptr && metadata->is_map())
    add_controllers_fields(*metadata);
  return append_json(out, pod);
}

// What a controller puts into a pod beyond its template.
void PodSource::add_controllers_fields(Node& metadata) const {
  const std::string owner(text_at(object_->find("metadata"), "name"));
  Node reference;
  reference.kind = yaml::Kind::kMap;
  reference.set("apiVersion", yaml::string_node(workload_->owner_api));
  reference.set("kind", yaml::string_node(workload_->owner_kind));
  reference.set("name", yaml::string_node(owner));
  Node yes = yaml::string_node("true");
  yes.plain = true;
  reference.set("controller", std::move(yes));
  Node references;
  references.kind = yaml::Kind::kList;
  references.children.push_back(std::move(reference));
  metadata.set("namespace", yaml::string_node(pod_namespace()));
  metadata.set("generateName", yaml::string_node(owner + "-"));
  metadata.set("ownerReferences", std::move(references));
}

}  // namespace smc::webhook
