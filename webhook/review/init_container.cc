#include "webhook/review/init_container.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/json_text.h"
#include "base/pod_arguments.h"
#include "webhook/config/kubernetes_values.h"
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

// What a namespace that enforces Pod Security "restricted" admits, whatever the pod's own
// securityContext says. Without a group it would run as the image's, which is root's.
constexpr std::string_view kUnprivileged =
    R"({"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]},"readOnlyRootFilesystem":true,"runAsGroup":65532,"runAsNonRoot":true,"runAsUser":65532,"seccompProfile":{"type":"RuntimeDefault"}})";
constexpr std::int64_t kUnprivilegedId = 65532;  // user and group

constexpr std::string_view kErdmaResource = "aliyun/erdma";

// After the program's name.
std::vector<std::string> argument_list(const InitArguments& arguments) {
  std::vector<std::string> list{std::string(kPodCommand)};
  const auto add = [&](std::string_view flag, std::string_view value) {
    if (!value.empty()) list.push_back(std::string(flag).append("=").append(value));
  };
  if (arguments.mode == InitMode::kAgent) list.emplace_back(kByAgentFlag);
  add(kOnFailureFlag, name_of(arguments.on_failure));
  if (arguments.programs == Programs::kAsk) add(kProgramsFlag, kAskWord);
  add(kInterfaceFlag, arguments.interface);
  add(kPnetidFlag, arguments.pnetid);
  add(kExcludeDestinationsFlag, text_of(arguments.exclude_destinations));
  return list;
}

// One of the two lists of a container's resources.
std::vector<ResourceAmount> amounts_of(const InitResources& resources, bool request_erdma,
                                       bool limits) {
  std::vector<ResourceAmount> list;
  const auto put = [&](std::string_view resource, const InitAmount& amount) {
    if (!amount.pod_level) list.push_back({resource, {amount.quantity}});
    if (amount.pod_level && !limits) list.push_back({resource, {"0"}});
  };
  put("cpu", resources.cpu);
  put("memory", resources.memory);
  if (request_erdma) list.push_back({kErdmaResource, {"1"}});
  return list;
}

void append_amounts(std::string& out, const std::vector<ResourceAmount>& list) {
  out += '{';
  for (const ResourceAmount& amount : list) {
    if (out.back() != '{') out += ',';
    append_json_string(out, amount.resource);
    out += ':';
    append_json_string(out, amount.quantity.text);
  }
  out += '}';
}

// Requests equal to limits, or a Guaranteed pod would become a Burstable one.
void append_resources(std::string& out, const InitResources& resources, bool request_erdma) {
  const auto limits = amounts_of(resources, request_erdma, true);
  out += '{';
  if (!limits.empty()) {
    out += R"("limits":)";
    append_amounts(out, limits);
    out += ',';
  }
  out += R"("requests":)";
  append_amounts(out, amounts_of(resources, request_erdma, false));
  out += '}';
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

bool same_environment(const std::vector<FieldVariable>& theirs) {
  return std::equal(theirs.begin(), theirs.end(), kEnvironment.begin(), kEnvironment.end(),
                    [](const FieldVariable& a, const FieldVariable& b) {
                      return a.name == b.name && a.field_path == b.field_path;
                    });
}

// Takes the text up to the separator off its beginning.
std::string_view take_part(std::string_view& text, std::string_view separator) {
  const std::size_t end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + separator.size());
  return part;
}

// Whether LimitRanger says that it has set the resource in our container, with its clauses
// "cpu, memory request for init container NAME" and "… limit for …", separated by "; ".
bool is_set_by_limit_ranger(std::string_view says, std::string_view resource, std::string_view list,
                            std::string_view container) {
  take_part(says, ": ");
  while (!says.empty()) {
    std::string_view clause = take_part(says, "; ");
    const std::string end =
        std::string(" ").append(list).append(" for init container ").append(container);
    if (!clause.ends_with(end)) continue;
    clause.remove_suffix(end.size());
    while (!clause.empty())
      if (take_part(clause, ", ") == resource) return true;
  }
  return false;
}

// Whether they are our amounts, and of others only what LimitRanger has added.
bool same_amounts(const std::vector<ResourceAmount>& theirs, const ExpectedContainer& expected,
                  bool limits) {
  const std::vector<ResourceAmount> ours =
      amounts_of(expected.resources, expected.config.request_erdma, limits);
  std::size_t matched = 0;
  for (const ResourceAmount& amount : theirs) {
    const auto found = std::find_if(ours.begin(), ours.end(), [&](const ResourceAmount& own) {
      return own.resource == amount.resource;
    });
    if (found == ours.end()) {
      if (!is_set_by_limit_ranger(expected.limit_ranger, amount.resource,
                                  limits ? "limit" : "request", expected.config.name))
        return false;
      continue;
    }
    if (!same_quantity(amount.quantity.text, found->quantity.text)) return false;
    ++matched;
  }
  return matched == ours.size();
}

// The same image by another way, from a registry that the configuration trusts: of the same name,
// and of our digest or, where we give none, our tag or a digest in its place.
bool same_image(std::string_view theirs, const Config::InitContainer& config) {
  if (theirs == config.image) return true;
  const auto image = parse_pinned_image(theirs);
  const auto ours = parse_pinned_image(config.image);
  if (!image || !ours || image->last_part() != ours->last_part()) return false;
  const bool same_tag = image->tag == ours->tag || image->tag.empty();
  if (ours->digest.empty() ? !same_tag : image->digest != ours->digest) return false;
  return std::any_of(config.trusted_registries.begin(), config.trusted_registries.end(),
                     [&](const std::string& registry) { return is_from(*image, registry); });
}

bool same_pull_policy(std::string_view theirs, std::string_view ours) {
  return theirs == ours || theirs == "Always";
}

// Runtimes apply no seccomp profile to a privileged container, and one may escalate anyway.
bool is_privileged_root(const ContainerSecurity& security) {
  return security.privileged == true && security.privilege_escalation != false &&
         !security.adds_capabilities && !security.drops_capabilities &&
         security.read_only_root_filesystem == true && security.run_as_group == 0 &&
         security.run_as_non_root == false && security.run_as_user == 0 &&
         security.seccomp != Seccomp::kOther;
}

bool is_unprivileged(const ContainerSecurity& security) {
  return security.privileged != true && security.privilege_escalation == false &&
         !security.adds_capabilities && security.drops_all_capabilities &&
         security.read_only_root_filesystem == true && security.run_as_group == kUnprivilegedId &&
         security.run_as_non_root == true && security.run_as_user == kUnprivilegedId &&
         security.seccomp == Seccomp::kRuntimeDefault;
}

bool same_security(const ContainerSecurity& theirs, InitMode mode) {
  return mode == InitMode::kAgent ? is_unprivileged(theirs) : is_privileged_root(theirs);
}

}  // namespace

InitResources configured_resources(const Config::InitContainer& config) {
  return {{config.cpu}, {config.memory}};
}

std::string render_container(const Config::InitContainer& config, const InitArguments& arguments,
                             const InitResources& resources) {
  std::string out = R"({"name":)";
  append_json_string(out, config.name);
  out += R"(,"image":)";
  append_json_string(out, config.image);
  out += R"(,"imagePullPolicy":)";
  append_json_string(out, config.image_pull_policy);
  out += R"(,"command":[)";
  append_json_string(out, kInitCommand);
  out += R"(],"args":[)";
  for (const std::string& argument : argument_list(arguments)) {
    if (out.back() != '[') out += ',';
    append_json_string(out, argument);
  }
  out += R"(],"env":[)";
  for (const FieldVariable& variable : kEnvironment) {
    if (out.back() != '[') out += ',';
    out.append(R"({"name":")").append(variable.name);
    out.append(R"(","valueFrom":{"fieldRef":{"fieldPath":")").append(variable.field_path);
    out += R"("}}})";
  }
  out += R"(],"resources":)";
  append_resources(out, resources, config.request_erdma);
  out += R"(,"securityContext":)";
  out += arguments.mode == InitMode::kAgent ? kUnprivileged : kPrivileged;
  out += R"(,"terminationMessagePolicy":)";
  append_json_string(out, kMessagePolicy);
  return out += '}';
}

std::string_view difference(const ExistingContainer& theirs, const ExpectedContainer& expected) {
  const Config::InitContainer& config = expected.config;
  if (!same_image(theirs.image, config)) return "image";
  if (!same_pull_policy(theirs.image_pull_policy, config.image_pull_policy))
    return "imagePullPolicy";
  if (!same_texts(theirs.command, {std::string(kInitCommand)})) return "command";
  if (!same_texts(theirs.args, argument_list(expected.arguments))) return "args";
  if (!same_environment(theirs.environment)) return "env";
  if (!same_amounts(theirs.limits, expected, true)) return "resources";
  if (!same_amounts(theirs.requests, expected, false)) return "resources";
  if (!same_security(theirs.security, expected.arguments.mode)) return "securityContext";
  if (theirs.termination_message_policy != kMessagePolicy) return "terminationMessagePolicy";
  return theirs.foreign;
}

}  // namespace smc::webhook
