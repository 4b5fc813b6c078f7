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

std::string operation_text(std::string_view operation, std::string_view pointer,
                           const std::string& value) {
  return std::string(R"({"op":")")
      .append(operation)
      .append(R"(","path":")")
      .append(pointer)
      .append(R"(","value":)")
      .append(value)
      .append("}");
}

std::string add_text(std::string_view pointer, const std::string& value) {
  return operation_text("add", pointer, value);
}

std::string container_text(const Config& config, InitMode mode, OnFailure on_failure) {
  InitArguments arguments;
  arguments.mode = mode;
  arguments.on_failure = on_failure;
  arguments.exclude_destinations = config.injection.exclude_destinations;
  return render_container(config.init_container, arguments,
                          configured_resources(config.init_container));
}

std::string status_text(const Config& config, InitMode mode) {
  return R"({"version":)" + json_string(kVersion) + R"(,"container":)" +
         json_string(config.init_container.name) + R"(,"mode":)" + json_string(name_of(mode)) + '}';
}

}  // namespace

std::string status_pointer() {
  return "/metadata/annotations/" + pointer_token(kStatusAnnotation);
}

ContainerOperations::ContainerOperations(const std::string& container)
    : add_list(add_text(kInitContainersPointer, '[' + container + ']')),
      add_first(add_text(kFirstPointer, container)),
      replace_first(operation_text("replace", kFirstPointer, container)) {}

ModeTexts::ModeTexts(const Config& config, InitMode mode)
    : fallback(container_text(config, mode, OnFailure::kFallback)),
      fail(container_text(config, mode, OnFailure::kFail)),
      status(status_text(config, mode)),
      add_status(add_text(status_pointer(), json_string(status))) {}

CompiledConfig::CompiledConfig(Config plain)
    : config(std::move(plain)),
      privileged(config, InitMode::kPrivileged),
      agent(config, InitMode::kAgent),
      label_expression(expression_text(config.injection.affinity)),
      add_affinity(
          add_text(kAffinityPointer,
                   R"({"nodeAffinity":)" + node_affinity_text(config.injection.affinity) + '}')),
      add_node_affinity(
          add_text(kNodeAffinityPointer, node_affinity_text(config.injection.affinity))),
      add_required(add_text(kRequiredPointer, required_text(config.injection.affinity))) {}

}  // namespace smc::webhook
