// The pods and pod templates of a manifest's objects. Plain values over a tree that outlives them;
// safe on any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/yaml_tree.h"

namespace smc::webhook {

// A kind whose objects make pods, and what those pods look like.
struct Workload {
  std::string_view group;
  std::string_view kind;
  std::string_view template_path;  // keys from the object to its pod template
  std::string_view owner_api;      // apiVersion and kind of the object that owns the pods; empty:
  std::string_view owner_kind;     // nobody does
};

// What becomes one pod: a Pod itself, or the template of a workload.
class PodSource {
 public:
  // `kind` and `api` are the object's own, or what the list it stands in says.
  PodSource(const yaml::Node& object, yaml::Node& pod, std::string kind, const Workload* workload)
      : object_(&object), pod_(&pod), kind_(std::move(kind)), workload_(workload) {}

  yaml::Node& pod() const { return *pod_; }
  int line() const { return object_->line; }
  std::string pod_namespace() const;

  // "Deployment shop/web", shortened and printable.
  std::string name() const;

  // The review that the API server would send when the pod is created.
  Result<std::string, yaml::Problem> review() const;

 private:
  Result<void, yaml::Problem> append_pod(std::string& out) const;
  void add_controllers_fields(yaml::Node& metadata) const;

  const yaml::Node* object_;
  yaml::Node* pod_;
  std::string kind_;
  const Workload* workload_;
};

// One object of a manifest, lists taken apart.
struct ManifestObject {
  yaml::Node* node;
  std::string api_version;
  std::string kind;
  const Workload* workload;  // null where its kind is not known to make pods

  // "Deployment shop/web", shortened and printable; "object shop/web" without a kind.
  std::string name() const;
};

// Every object of a document: itself, or the items of a list and of lists within it. Items of a
// list of one kind, such as PodList, may leave out their own (as kubectl fills it in).
std::vector<ManifestObject> objects_of(yaml::Node& document);

// The pods that the objects make.
std::vector<PodSource> pods_of(const std::vector<ManifestObject>& objects);

// The text of a map's entry, empty where it is not a scalar or not there.
std::string_view text_at(const yaml::Node* map, std::string_view key);

// The node under "a.b.c"; null where one of the keys is not there.
yaml::Node* descend(yaml::Node& node, std::string_view path);

}  // namespace smc::webhook
