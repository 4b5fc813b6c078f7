#include "webhook/review/init_container.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/json_text.h"
#include "base/pod_arguments.h"
#include "webhook/config/quantity.h"

namespace smc::webhook {
namespace {

constexpr std::string_view kTokenMountPath = "/var/run/secrets/kubernetes.io/serviceaccount";

// What the API server fills in where we say nothing
// (k8s.io/kubernetes/pkg/apis/core/v1/defaults.go).
struct Default {
  std::string_view object;  // the key of the object it stands in; empty: the container
  std::string_view key;
  std::string_view value;
};
constexpr std::array kDefaults = {
    Default{"", "terminationMessagePath", "/dev/termination-log"},
    Default{"fieldRef", "apiVersion", "v1"},
    Default{"securityContext", "procMount", "Default"},
};

// A LimitRange of the namespace may have defaults for it (the LimitRanger admission plugin), and
// refuses a container without.
constexpr std::string_view kEphemeralStorage = "ephemeral-storage";

bool holds_quantities(const Path& object) {
  return object.key == "limits" || object.key == "requests";
}

// The mount that the ServiceAccount admission plugin adds to every container.
bool is_token_mount(Json value) {
  JsonArray mounts;
  if (value.get(mounts) != simdjson::SUCCESS) return false;
  if (mounts.size() == 0) return true;
  JsonObject mount;
  if (mounts.size() != 1 || mounts.at(0).get(mount) != simdjson::SUCCESS) return false;
  std::size_t matched = 0;
  for (const auto& [key, field] : mount) {
    std::string_view text;
    bool read_only = false;
    if (key == "readOnly" && field.get(read_only) == simdjson::SUCCESS && read_only)
      matched |= 1;
    else if (key == "mountPath" && field.get(text) == simdjson::SUCCESS && text == kTokenMountPath)
      matched |= 2;
    else if (key != "name" || !field.is_string())
      return false;
  }
  return matched == 3;
}

// Whether the API server may have put this member, which we do not set, into the object at `path`.
bool is_added_by_api_server(const Path& path, std::string_view key, Json value, bool is_container) {
  if (is_container && key == "volumeMounts") return is_token_mount(value);
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) return false;
  if (holds_quantities(path)) return key == kEphemeralStorage;
  const std::string_view object = is_container ? std::string_view() : path.key;
  for (const Default& known : kDefaults)
    if (known.object == object && known.key == key) return known.value == text;
  return false;
}

bool same(Reader& reader, Json theirs, Json ours, const Path& path);

std::optional<Json> find(JsonObject object, std::string_view wanted) {
  for (const auto& [key, value] : object)
    if (key == wanted) return value;
  return {};
}

// The keys of one object that count, to find one that stands there twice. There are at most as many
// as we set and the API server adds.
class SeenKeys {
 public:
  // False the second time.
  bool add(std::string_view key) {
    if (std::find(keys_.begin(), keys_.end(), key) != keys_.end()) return false;
    keys_.push_back(key);
    return true;
  }

 private:
  std::vector<std::string_view> keys_;
};

bool same_object(Reader& reader, JsonObject theirs, JsonObject ours, const Path& path,
                 bool is_container) {
  bool equal = true;  // the rest is read all the same: it may have to be refused
  std::size_t matched = 0;
  SeenKeys seen;
  for (const auto& [key, value] : theirs) {
    const Path here{&path, key};
    const std::optional<Json> our_value = find(ours, key);
    if (!our_value &&
        (value.is_null() || !is_added_by_api_server(path, key, value, is_container))) {
      equal &= value.is_null();
      continue;
    }
    if (!seen.add(key)) return reader.refuse(here, "the key stands here twice"), false;
    if (!our_value || value.is_null()) continue;
    ++matched;
    equal &= same(reader, value, *our_value, here);
  }
  return equal && matched == ours.size();
}

bool same_array(Reader& reader, JsonArray theirs, JsonArray ours, const Path& path) {
  bool equal = theirs.size() == ours.size();
  std::size_t index = 0;
  auto their_element = theirs.begin();
  for (const Json our_element : ours) {
    if (!(their_element != theirs.end())) break;
    equal &= same(reader, *their_element, our_element, {&path, {}, index++});
    ++their_element;
  }
  return equal;
}

bool same_text(Reader& reader, Json theirs, std::string_view ours, const Path& path) {
  std::string_view text;
  const bool is_text = theirs.get(text) == simdjson::SUCCESS;
  // The API takes a number for a quantity too.
  if (holds_quantities(*path.parent)) return is_text && same_quantity(text, ours);
  if (!is_text) reader.refuse(path, "a string is expected");
  return text == ours;
}

template <class T>
bool same_scalar(Reader& reader, Json theirs, T ours, const Path& path, std::string_view expected) {
  T value{};
  if (theirs.get(value) != simdjson::SUCCESS) return reader.refuse(path, expected), false;
  return value == ours;
}

bool same(Reader& reader, Json theirs, Json ours, const Path& path) {
  JsonObject their_object;
  JsonArray their_array;
  switch (ours.type()) {
    case simdjson::dom::element_type::OBJECT:
      if (theirs.get(their_object) == simdjson::SUCCESS)
        return same_object(reader, their_object, ours.get_object(), path, false);
      return reader.refuse(path, "an object is expected"), false;
    case simdjson::dom::element_type::ARRAY:
      if (theirs.get(their_array) == simdjson::SUCCESS)
        return same_array(reader, their_array, ours.get_array(), path);
      return reader.refuse(path, "an array is expected"), false;
    case simdjson::dom::element_type::STRING:
      return same_text(reader, theirs, ours.get_string(), path);
    case simdjson::dom::element_type::BOOL:
      return same_scalar<bool>(reader, theirs, ours.get_bool(), path, "true or false is expected");
    default:
      return same_scalar<std::int64_t>(reader, theirs, ours.get_int64(), path,
                                       "an integer is expected");
  }
}

// {"name":"POD_UID","valueFrom":{"fieldRef":{"fieldPath":"metadata.uid"}}}
struct Variable {
  std::string_view name;
  std::string_view field;
};
constexpr std::array kEnvironment = {
    Variable{"NODE_NAME", "spec.nodeName"},
    Variable{"POD_NAME", "metadata.name"},
    Variable{"POD_NAMESPACE", "metadata.namespace"},
    Variable{"POD_UID", "metadata.uid"},
};

// Writes over a pod's securityContext, whose runAsNonRoot or runAsUser would keep us from root.
constexpr std::string_view kPrivileged =
    R"({"privileged":true,"readOnlyRootFilesystem":true,"runAsGroup":0,"runAsNonRoot":false,"runAsUser":0})";

void append_argument(std::string& out, std::string_view option, std::string_view value) {
  if (value.empty()) return;
  out += ',';
  append_json_string(out, std::string(option) + '=' + std::string(value));
}

void append_environment(std::string& out) {
  out += '[';
  for (const Variable& variable : kEnvironment) {
    if (&variable != kEnvironment.data()) out += ',';
    out += R"({"name":")";
    out += variable.name;
    out += R"(","valueFrom":{"fieldRef":{"fieldPath":")";
    out += variable.field;
    out += R"("}}})";
  }
  out += ']';
}

std::string resource_list(const Config::InitContainer& config) {
  std::string out = R"({"cpu":)";
  append_json_string(out, config.cpu);
  out += R"(,"memory":)";
  append_json_string(out, config.memory);
  if (config.request_erdma) out += R"(,"aliyun/erdma":"1")";
  return out += '}';
}

}  // namespace

std::string render_init_container(const Config::InitContainer& config,
                                  const InitArguments& arguments) {
  std::string out;
  out.reserve(1024);
  out += R"({"name":)";
  append_json_string(out, config.name);
  out += R"(,"image":)";
  append_json_string(out, config.image);
  out += R"(,"imagePullPolicy":)";
  append_json_string(out, config.image_pull_policy);
  out += R"(,"command":[)";
  append_json_string(out, kInitCommand);
  out += R"(],"args":[)";
  append_json_string(out, kPodCommand);
  append_argument(out, kOnFailureFlag, name_of(arguments.on_failure));
  append_argument(out, kInterfaceFlag, arguments.interface);
  append_argument(out, kPnetidFlag, arguments.pnetid);
  out += R"(],"env":)";
  append_environment(out);
  // Equal, or a Guaranteed pod would become a Burstable one.
  const std::string resources = resource_list(config);
  out += R"(,"resources":{"limits":)" + resources + R"(,"requests":)" + resources;
  out += R"(},"securityContext":)";
  out += kPrivileged;
  return out += R"(,"terminationMessagePolicy":"FallbackToLogsOnError"})";
}

bool is_init_container(Reader& reader, JsonObject container, const Path& path,
                       const std::string& rendered) {
  simdjson::dom::parser parser;
  const JsonObject ours = parser.parse(rendered).get_object();
  return same_object(reader, container, ours, path, true);
}

}  // namespace smc::webhook
