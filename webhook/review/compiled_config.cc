#include "webhook/review/compiled_config.h"

#include <utility>

#include "base/json_text.h"
#include "base/keys.h"
#include "base/version.h"
#include "webhook/review/init_container.h"
#include "webhook/review/patch.h"

namespace smc::webhook {
namespace {

std::string expression_text(const Config::Affinity& label) {
  std::string out = R"({"key":)" + json_string(label.key) + R"(,"operator":"In","values":[)";
  for (std::size_t i = 0; i < label.values.size(); ++i) {
    if (i > 0) out += ',';
    append_json_string(out, label.values[i]);
  }
  return out += "]}";
}

std::string required_text(const Config::Affinity& label) {
  return R"({"nodeSelectorTerms":[{"matchExpressions":[)" + expression_text(label) + "]}]}";
}

std::string node_affinity_text(const Config::Affinity& label) {
  return R"({"requiredDuringSchedulingIgnoredDuringExecution":)" + required_text(label) + '}';
}

std::string add_text(std::string_view pointer, const std::string& value) {
  return R"({"op":"add","path":")" + std::string(pointer) + R"(","value":)" + value + '}';
}

std::string status_text(const Config& config) {
  return R"({"version":)" + json_string(kVersion) + R"(,"container":)" +
         json_string(config.init_container.name) + '}';
}

}  // namespace

CompiledConfig::CompiledConfig(Config plain)
    : config(std::move(plain)),
      container_begin(container_begin_text(config.init_container)),
      container_middle(container_middle_text()),
      container_resources(container_resources_text(config.init_container)),
      container_end(container_end_text()),
      label_expression(expression_text(config.injection.affinity)),
      add_affinity(
          add_text(kAffinityPointer,
                   R"({"nodeAffinity":)" + node_affinity_text(config.injection.affinity) + '}')),
      add_node_affinity(
          add_text(kNodeAffinityPointer, node_affinity_text(config.injection.affinity))),
      add_required(add_text(kRequiredPointer, required_text(config.injection.affinity))),
      status(status_text(config)),
      add_status(add_text("/metadata/annotations/" + pointer_token(kStatusAnnotation),
                          json_string(status))) {}

}  // namespace smc::webhook
