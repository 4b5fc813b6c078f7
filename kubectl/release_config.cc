#include "kubectl/release_config.h"

#include <initializer_list>

#include "base/json_value.h"
#include "base/yaml_tree.h"

namespace smc::kubectl {
namespace {

const yaml::Node* at(const yaml::Node& root, std::initializer_list<const char*> keys) {
  const yaml::Node* node = &root;
  for (const char* key : keys)
    if (node != nullptr) node = node->find(key);
  return node;
}

void read_text(const yaml::Node& root, std::initializer_list<const char*> keys, std::string& out) {
  const yaml::Node* node = at(root, keys);
  if (node != nullptr && node->is_scalar() && !node->text.empty()) out = node->text;
}

ReleaseConfig read(const yaml::Node& root) {
  ReleaseConfig out;
  std::string enabled = "true";
  std::string affinity = "required";
  read_text(root, {"mesh", "smcEnabled"}, enabled);
  read_text(root, {"injection", "affinity", "mode"}, affinity);
  read_text(root, {"injection", "affinity", "key"}, out.label_key);
  read_text(root, {"initContainer", "mode"}, out.mode);
  out.smc_enabled = enabled == "true";
  out.needs_label = affinity == "required";
  if (const yaml::Node* excluded = at(root, {"injection", "excludedNamespaces"}))
    for (const yaml::Node& each : excluded->children) out.excluded_namespaces.push_back(each.text);
  return out;
}

}  // namespace

ReleaseConfig release_config(const Snapshot& snapshot) {
  for (const nlohmann::json& object : snapshot.configs.items) {
    const std::string text = text_at(object, "/data/config.yaml");
    if (text.empty()) continue;
    const auto documents = yaml::parse(text);
    if (documents && documents->size() == 1) return read(documents->front());
  }
  return {};
}

}  // namespace smc::kubectl
