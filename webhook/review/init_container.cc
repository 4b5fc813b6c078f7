#include "webhook/review/init_container.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/json_text.h"
#include "base/pod_arguments.h"
#include "webhook/config/quantity.h"

namespace smc::webhook {
namespace {

constexpr std::string_view kMessagePolicy = "FallbackToLogsOnError";

// {"name":"POD_UID","valueFrom":{"fieldRef":{"fieldPath":"metadata.uid"}}}
constexpr std::array kEnvironment = {
    FieldVariable{"NODE_NAME", "spec.nodeName"},
    FieldVariable{"POD_NAME", "metadata.name"},
    FieldVariable{"POD_NAMESPACE", "metadata.namespace"},
    FieldVariable{"POD_UID", "metadata.uid"},
};

// Writes over a pod's securityContext, whose runAsNonRoot or runAsUser would keep us from root.
constexpr std::string_view kPrivileged =
    R"({"privileged":true,"readOnlyRootFilesystem":true,"runAsGroup":0,"runAsNonRoot":false,"runAsUser":0})";

// A LimitRange of the namespace may have defaults for it (the LimitRanger admission plugin), and
// refuses a container without.
constexpr std::string_view kEphemeralStorage = "ephemeral-storage";

constexpr std::string_view kErdmaResource = "aliyun/erdma";

// Calls `visit(option, value)` for each argument after `pod`, in their order.
template <class Visit>
void each_option(const InitArguments& arguments, Visit visit) {
  visit(kOnFailureFlag, name_of(arguments.on_failure));
  if (!arguments.interface.empty()) visit(kInterfaceFlag, arguments.interface);
  if (!arguments.pnetid.empty()) visit(kPnetidFlag, arguments.pnetid);
}

std::string resource_list(const Config::InitContainer& config) {
  std::string out = R"({"cpu":)";
  append_json_string(out, config.cpu);
  out += R"(,"memory":)";
  append_json_string(out, config.memory);
  if (config.request_erdma) out.append(",").append(json_string(kErdmaResource)).append(R"(:"1")");
  return out += '}';
}

bool same_texts(const std::optional<JsonArray>& theirs, const std::vector<std::string>& ours) {
  if (!theirs || theirs->size() != ours.size()) return false;
  auto ours_next = ours.begin();
  for (const Json element : *theirs) {
    std::string_view text;
    if (element.get(text) != simdjson::SUCCESS || text != *ours_next++) return false;
  }
  return true;
}

std::vector<std::string> argument_list(const InitArguments& arguments) {
  std::vector<std::string> list{std::string(kPodCommand)};
  each_option(arguments, [&](std::string_view option, std::string_view value) {
    list.push_back(std::string(option).append("=").append(value));
  });
  return list;
}

bool same_environment(const std::vector<FieldVariable>& theirs) {
  return std::equal(theirs.begin(), theirs.end(), kEnvironment.begin(), kEnvironment.end(),
                    [](const FieldVariable& a, const FieldVariable& b) {
                      return a.name == b.name && a.field_path == b.field_path;
                    });
}

// Whether they are our amounts, and of others only what a LimitRange adds.
bool same_amounts(const std::vector<ResourceAmount>& theirs, const Config::InitContainer& config) {
  std::size_t matched = 0;
  for (const ResourceAmount& amount : theirs) {
    std::string_view ours;
    if (amount.resource == "cpu") ours = config.cpu;
    if (amount.resource == "memory") ours = config.memory;
    if (amount.resource == kErdmaResource && config.request_erdma) ours = "1";
    if (!amount.quantity) return false;
    if (ours.empty() && amount.resource != kEphemeralStorage) return false;
    if (ours.empty()) continue;
    if (!same_quantity(*amount.quantity, ours)) return false;
    ++matched;
  }
  return matched == (config.request_erdma ? 3 : 2);
}

bool is_privileged_root(const ContainerSecurity& security) {
  return security.privileged == true && security.read_only_root_filesystem == true &&
         security.run_as_group == 0 && security.run_as_non_root == false &&
         security.run_as_user == 0;
}

}  // namespace

std::string container_begin_text(const Config::InitContainer& config) {
  std::string out = R"({"name":)";
  append_json_string(out, config.name);
  out += R"(,"image":)";
  append_json_string(out, config.image);
  out += R"(,"imagePullPolicy":)";
  append_json_string(out, config.image_pull_policy);
  out += R"(,"command":[)";
  append_json_string(out, kInitCommand);
  out += R"(],"args":[)";
  append_json_string(out, kPodCommand);
  return out;
}

std::string container_arguments_text(const InitArguments& arguments) {
  std::string out;
  each_option(arguments, [&](std::string_view option, std::string_view value) {
    out.append(R"(,")").append(option).append("=").append(value).append(R"(")");
  });
  return out;
}

std::string container_middle_text() {
  std::string out = R"(],"env":[)";
  for (const FieldVariable& variable : kEnvironment) {
    if (&variable != kEnvironment.data()) out += ',';
    out += R"({"name":")";
    out += variable.name;
    out += R"(","valueFrom":{"fieldRef":{"fieldPath":")";
    out += variable.field_path;
    out += R"("}}})";
  }
  return out += R"(],"resources":)";
}

std::string container_resources_text(const Config::InitContainer& config) {
  // Equal, or a Guaranteed pod would become a Burstable one.
  const std::string list = resource_list(config);
  return R"({"limits":)" + list + R"(,"requests":)" + list + '}';
}

std::string container_end_text() {
  std::string out = R"(,"securityContext":)";
  out += kPrivileged;
  out += R"(,"terminationMessagePolicy":)";
  append_json_string(out, kMessagePolicy);
  return out += '}';
}

std::string_view difference(const ExistingContainer& theirs, const Config::InitContainer& config,
                            const InitArguments& arguments) {
  if (theirs.image != config.image) return "image";
  if (theirs.image_pull_policy != config.image_pull_policy) return "imagePullPolicy";
  if (!same_texts(theirs.command, {std::string(kInitCommand)})) return "command";
  if (!same_texts(theirs.args, argument_list(arguments))) return "args";
  if (!same_environment(theirs.environment)) return "env";
  if (!same_amounts(theirs.limits, config)) return "resources";
  if (!same_amounts(theirs.requests, config)) return "resources";
  if (!is_privileged_root(theirs.security)) return "securityContext";
  if (theirs.termination_message_policy != kMessagePolicy) return "terminationMessagePolicy";
  return theirs.foreign;
}

}  // namespace smc::webhook
