#include "webhook/commands/manifest.h"

#include <array>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/json_text.h"
#include "base/yaml_tree.h"
#include "base/yaml_writer.h"
#include "webhook/commands/manifest_text.h"
#include "webhook/commands/yaml_patch.h"
#include "webhook/review/answer.h"

namespace smc::webhook {
namespace {

using yaml::Node;
using yaml::Problem;

constexpr std::size_t kShownName = 100;  // characters of an object's name in a message
constexpr int kAnswered = 200;

// A kind that makes pods, and what its controller's pods look like.
struct Workload {
  std::string_view group;
  std::string_view kind;
  bool has_job_template;       // between the spec and the pod template
  std::string_view owner_api;  // apiVersion and kind of the object that owns the pods
  std::string_view owner_kind;
};

constexpr std::array kWorkloads = {
    Workload{"apps", "Deployment", false, "apps/v1", "ReplicaSet"},
    Workload{"apps", "ReplicaSet", false, "apps/v1", "ReplicaSet"},
    Workload{"apps", "StatefulSet", false, "apps/v1", "StatefulSet"},
    Workload{"apps", "DaemonSet", false, "apps/v1", "DaemonSet"},
    Workload{"extensions", "Deployment", false, "apps/v1", "ReplicaSet"},
    Workload{"extensions", "ReplicaSet", false, "apps/v1", "ReplicaSet"},
    Workload{"extensions", "DaemonSet", false, "apps/v1", "DaemonSet"},
    Workload{"batch", "Job", false, "batch/v1", "Job"},
    Workload{"batch", "CronJob", true, "batch/v1", "Job"},
};

// The text of a map's entry, empty where it is not a scalar or not there.
std::string_view text_at(const Node* map, std::string_view key) {
  const Node* found = map != nullptr ? map->find(key) : nullptr;
  return found != nullptr && found->is_scalar() ? std::string_view(found->text)
                                                : std::string_view();
}

std::string_view group_of(const Node& object) {
  const std::string_view version = text_at(&object, "apiVersion");
  const std::size_t slash = version.find('/');
  return slash == std::string_view::npos ? std::string_view() : version.substr(0, slash);
}

const Workload* workload_of(const Node& object) {
  for (const Workload& workload : kWorkloads)
    if (workload.kind == text_at(&object, "kind") && workload.group == group_of(object))
      return &workload;
  return nullptr;
}

bool is_core(const Node& object) {
  return text_at(&object, "apiVersion") == "v1";
}

// A List, or a list of one kind such as PodList.
bool is_list_object(const Node& object) {
  const std::string_view kind = text_at(&object, "kind");
  return kind.size() >= 4 && kind.substr(kind.size() - 4) == "List";
}

// The node under `keys`, null where one of them is not there.
Node* descend(Node& node, std::initializer_list<std::string_view> keys) {
  Node* at = &node;
  for (const std::string_view key : keys)
    if (at != nullptr) at = at->find(key);
  return at;
}

void append_member(std::string& out, std::string_view key, std::string_view value) {
  append_json_string(out, key);
  out += ':';
  append_json_string(out, value);
}

// What becomes one pod: a Pod itself, or the template of a workload.
class PodSource {
 public:
  PodSource(Node& object, Node& pod, const Workload* workload)
      : object_(object), pod_(pod), workload_(workload) {}

  Node& pod() { return pod_; }
  int line() const { return object_.line; }

  std::string pod_namespace() const {
    const std::string_view written = text_at(object_.find("metadata"), "namespace");
    return std::string(written.empty() ? "default" : written);
  }

  std::string name() const {
    const Node* metadata = object_.find("metadata");
    std::string_view name = text_at(metadata, "name");
    if (name.empty()) name = text_at(metadata, "generateName");
    return printable(text_at(&object_, "kind"), kShownName) + " " +
           printable(pod_namespace() + "/" + std::string(name), kShownName);
  }

  // The review that the API server would send when the pod is created.
  Result<std::string, Problem> review() const {
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

 private:
  Result<void, Problem> append_pod(std::string& out) const {
    if (workload_ == nullptr) return append_json(out, pod_);
    Node pod = pod_;
    if (Node* metadata = pod.find("metadata"); metadata != nullptr && metadata->is_map())
      add_controllers_fields(*metadata);
    return append_json(out, pod);
  }

  // What a controller puts into a pod beyond its template.
  void add_controllers_fields(Node& metadata) const {
    const std::string owner(text_at(object_.find("metadata"), "name"));
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

  Node& object_;
  Node& pod_;
  const Workload* workload_;
};

// Every pod and pod template in an object, lists within lists included.
void find_pods(Node& object, std::vector<PodSource>& found) {
  if (is_list_object(object)) {
    if (Node* items = object.find("items"); items != nullptr && items->is_list())
      for (Node& item : items->children) find_pods(item, found);
    return;
  }
  if (is_core(object) && text_at(&object, "kind") == "Pod") {
    found.emplace_back(object, object, nullptr);
    return;
  }
  const Workload* workload = workload_of(object);
  if (workload == nullptr) return;
  Node* pod = workload->has_job_template
                  ? descend(object, {"spec", "jobTemplate", "spec", "template"})
                  : descend(object, {"spec", "template"});
  if (pod != nullptr && pod->is_map()) found.emplace_back(object, *pod, workload);
}

struct Reviewed {
  ManifestDecision decision;
  bool patched = false;
};

Result<Reviewed, Problem> review(PodSource& source, const Config& config) {
  Result<std::string, Problem> body = source.review();
  if (!body) return body.error();
  const Answer answer = answer_review(*body, config);
  if (answer.status != kAnswered)
    return Problem{source.line(), source.name() + " cannot be reviewed: " + answer.body};

  Reviewed reviewed{{source.line(), source.name(), answer.decision, {}}};
  const auto response = nlohmann::json::parse(answer.body).at("response");
  if (response.contains("warnings"))
    reviewed.decision.warnings = response.at("warnings").get<std::vector<std::string>>();
  if (!response.contains("patch")) return reviewed;

  const auto patch = base64_decode(response.at("patch").get<std::string>());
  const Result<void> applied = apply_patch(source.pod(), patch ? *patch : std::string());
  if (!applied) return Problem{source.line(), source.name() + ": " + applied.error().text()};
  reviewed.patched = true;
  return reviewed;
}

class Injection {
 public:
  explicit Injection(const Config& config) : config_(config) {}

  Result<void, Problem> add(const ManifestPart& part) {
    auto documents = yaml::parse(part.text);
    if (!documents) return at(part, documents.error());
    bool patched = false;
    for (Node& document : *documents) {
      std::vector<PodSource> pods;
      find_pods(document, pods);
      for (PodSource& pod : pods) {
        Result<Reviewed, Problem> reviewed = review(pod, config_);
        if (!reviewed) return at(part, reviewed.error());
        patched = patched || reviewed->patched;
        reviewed->decision.line += part.first_line - 1;
        manifest_.decisions.push_back(std::move(reviewed->decision));
      }
    }
    if (patched) return rewrite(part, *documents);
    manifest_.text += part.text;
    return {};
  }

  InjectedManifest take() { return std::move(manifest_); }

 private:
  static Problem at(const ManifestPart& part, Problem problem) {
    problem.line += part.first_line - 1;
    return problem;
  }

  Result<void, Problem> rewrite(const ManifestPart& part, const std::vector<Node>& documents) {
    manifest_.text += part.header();
    // the marker was followed by content on its own line
    if (part.header().empty() && part.text.substr(0, 3) == "---") manifest_.text += "---\n";
    for (std::size_t i = 0; i < documents.size(); ++i) {
      const Result<std::string, Problem> written = yaml::write(documents[i]);
      if (!written) return at(part, written.error());
      if (i > 0) manifest_.text += "---\n";
      manifest_.text += *written;
    }
    return {};
  }

  const Config& config_;
  InjectedManifest manifest_;
};

}  // namespace

Result<InjectedManifest, Problem> inject_manifest(std::string_view text, const Config& config) {
  Injection injection(config);
  for (const ManifestPart& part : split_manifest(text))
    if (Result<void, Problem> added = injection.add(part); !added) return added.error();
  return injection.take();
}

}  // namespace smc::webhook
