#include "webhook/commands/manifest_notes.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string_view>

#include "base/edit_distance.h"
#include "base/json_text.h"
#include "base/keys.h"
#include "base/yaml_scalar.h"

namespace smc::webhook {
namespace {

using yaml::Node;
using yaml::Problem;

constexpr std::string_view kPrefix = "smc.asm.alibabacloud.com/";
constexpr const char* kNoEffect = " is no annotation of ours and has no effect";
constexpr std::size_t kShown = 80;  // characters of a user's key or value in a message

// What users write into a pod's annotations.
constexpr std::array kWritten = {
    kEnabledAnnotation,  kOnFailureAnnotation, kInterfaceAnnotation,          kPnetidAnnotation,
    kProgramsAnnotation, kResourcesAnnotation, kExcludeDestinationsAnnotation};

// More typing mistakes than this, and it was probably meant to be something else.
constexpr std::size_t kNear = 3;

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

bool is_written_by_users(std::string_view key) {
  return std::ranges::find(kWritten, key) != kWritten.end();
}

bool is_known(std::string_view key) {
  return key == kStatusAnnotation || is_written_by_users(key);
}

// The key of ours that one was probably meant to be; nothing for our own keys and for others.
std::optional<std::string_view> meant_by(std::string_view key) {
  if (is_known(key)) return {};
  for (const std::string_view ours : kWritten) {
    const std::size_t difference =
        std::max(key.size(), ours.size()) - std::min(key.size(), ours.size());
    if (difference <= kNear && edit_distance(lower(key), ours) <= kNear) return ours;
  }
  return {};
}

std::string all_keys() {
  std::string out;
  for (const std::string_view key : kWritten) out.append(out.empty() ? "" : ", ").append(key);
  return out;
}

class Search {
 public:
  explicit Search(const ManifestObject& object) : object_(object) {
    if (object.kind == "Pod") annotations_ = "metadata.annotations";
    if (object.workload != nullptr)
      annotations_ = std::string(object.workload->template_path) + ".metadata.annotations";
  }

  void look(const Node& node, const std::string& path) {
    for (std::size_t i = 0; node.is_map() && i + 1 < node.children.size(); i += 2) {
      const Node& key = node.children[i];
      if (!key.is_scalar()) continue;
      look_at(key, path);
      // what the API server writes about fields, not fields
      if (key.text == "managedFields") continue;
      const bool is_collection = !node.children[i + 1].children.empty();
      if (is_collection)
        look(node.children[i + 1], path.empty() ? key.text : path + "." + key.text);
    }
    for (std::size_t i = 0; node.is_list() && i < node.children.size(); ++i)
      look(node.children[i], path + "[" + std::to_string(i) + "]");
  }

  std::vector<ManifestNote> notes;

 private:
  void look_at(const Node& key, const std::string& path) {
    if (const auto meant = meant_by(key.text))
      return add(key, shown(key) + kNoEffect, "did you mean " + std::string(*meant) + "?");
    if (path != annotations_) {
      if (is_written_by_users(key.text)) misplaced(key, path);
      return;
    }
    if (key.text.starts_with(kPrefix) && !is_known(key.text))
      add(key, shown(key) + kNoEffect, "those that have one: " + all_keys());
  }

  void misplaced(const Node& key, const std::string& path) {
    if (annotations_.empty()) return unknown_kind(key);
    const std::string hint = "move it to " + annotations_;
    if (path == "metadata.annotations")
      return add(key,
                 shown(key) + " stands on the " + printable(object_.kind, kShown) +
                     " itself: its pods do not get it",
                 hint);
    const std::string place = printable(path.empty() ? "the top" : path, kShown);
    const bool is_label = path.ends_with("labels") || path.ends_with("matchLabels");
    add(key,
        shown(key) + " stands at " + place +
            (is_label ? ": as a label it has no effect" : ", where nothing reads it"),
        hint);
  }

  void unknown_kind(const Node& key) {
    if (object_.kind.empty() || object_.api_version.empty())
      return add(key,
                 "an object without " + std::string(object_.kind.empty() ? "kind" : "apiVersion") +
                     ": it is left as it is",
                 "write apiVersion and kind, as `kubectl explain` shows them");
    add(key,
        printable(object_.api_version, kShown) + " " + printable(object_.kind, kShown) +
            " is no kind whose pods this command knows: it is left as it is",
        "the webhook patches pods when they are created, by their own metadata.annotations: "
        "nothing "
        "has to be injected into this file");
  }

  static std::string shown(const Node& key) { return printable(key.text, kShown); }

  void add(const Node& key, std::string what, std::string hint) {
    notes.push_back({key.line, object_.name(), std::move(what), std::move(hint)});
  }

  const ManifestObject& object_;
  std::string annotations_;  // the path that is read; empty for a kind that is not known
};

const Node* annotations_of(Node& pod) {
  return descend(pod, "metadata.annotations");
}

}  // namespace

std::vector<ManifestNote> notes_of(const ManifestObject& object) {
  Search search(object);
  search.look(*object.node, {});
  std::ranges::stable_sort(search.notes, {}, &ManifestNote::line);
  return std::move(search.notes);
}

std::vector<ManifestNote> leftovers_of(const PodSource& pod, const std::string& container) {
  const Node* annotations = annotations_of(pod.pod());
  const Node* status = annotations != nullptr ? annotations->find(kStatusAnnotation) : nullptr;
  if (status == nullptr || text_at(annotations, kEnabledAnnotation) == "true") return {};
  std::string lines = "the status annotation (line " + std::to_string(status->line) + ")";
  if (const Node* containers = descend(pod.pod(), "spec.initContainers"))
    for (const Node& item : containers->children)
      if (text_at(&item, "name") == container)
        lines += ", the init container " + printable(container, kShown) + " (line " +
                 std::to_string(item.line) + ")";
  return {{status->line, pod.name(),
           "an earlier injection is still in here, and the cluster would leave it there",
           "take out " + lines + " and, if it came with them, the node affinity"}};
}

Result<void, Problem> check_annotations(const PodSource& pod) {
  const Node* annotations = annotations_of(pod.pod());
  if (annotations == nullptr || !annotations->is_map()) return {};
  for (std::size_t i = 0; i + 1 < annotations->children.size(); i += 2) {
    const Node& key = annotations->children[i];
    const Node& value = annotations->children[i + 1];
    if (!key.is_scalar() || !is_written_by_users(key.text) || value.kind == yaml::Kind::kNull)
      continue;
    const auto scalar = value.is_scalar() ? yaml::resolve(value) : Problem{};
    if (scalar && scalar->type == yaml::ScalarType::kString) continue;
    const std::string written = value.is_scalar() ? printable(value.text, kShown) : "this";
    return Problem{
        value.line,
        pod.name() + ": the annotation " + key.text + " must be a string, and " + written +
            " is none",
        value.is_scalar()
            ? "write it in quotes: " + key.text + ": \"" +
                  (scalar && scalar->type == yaml::ScalarType::kBool ? scalar->value : written) +
                  "\""
            : "write a text"};
  }
  return {};
}

}  // namespace smc::webhook
