#include "webhook/review/pod.h"

#include "base/erdma_ports.h"
#include "base/keys.h"
#include "webhook/review/review_paths.h"

namespace smc::webhook {
namespace {

constexpr Path kContainersPath{&kSpecPath, "containers"};
constexpr Path kInitContainersPath{&kSpecPath, "initContainers"};

constexpr std::string_view kMirrorAnnotation = "kubernetes.io/config.mirror";
// Makes the erdma-controller set up the same network namespace, whatever its value.
constexpr std::string_view kErdmaAnnotation = "network.alibabacloud.com/erdma-smcr";

Annotations read_annotations(JsonReader& reader, const Member& value) {
  const Path path{&kMetadataPath, value.name};
  Member enabled{kEnabledAnnotation}, status{kStatusAnnotation}, mirror{kMirrorAnnotation},
      erdma{kErdmaAnnotation}, on_failure{kOnFailureAnnotation}, interface{kInterfaceAnnotation},
      pnetid{kPnetidAnnotation};
  reader.members(value.value, path,
                 {&enabled, &status, &mirror, &erdma, &on_failure, &interface, &pnetid});
  Annotations read;
  read.enabled = reader.optional_text(enabled, path);
  read.status = reader.optional_text(status, path);
  read.on_failure = reader.optional_text(on_failure, path);
  read.interface = reader.optional_text(interface, path);
  read.pnetid = reader.optional_text(pnetid, path);
  read.mirror_pod = reader.optional_text(mirror, path).has_value();
  read.erdma_smcr = reader.optional_text(erdma, path).has_value();
  return read;
}

Owner read_controller(JsonReader& reader, const Member& references) {
  const Path path{&kMetadataPath, references.name};
  Owner controller;
  reader.each_object(reader.list(references, kMetadataPath), path,
                     [&](JsonObject owner, const Path& here) {
                       Member api_version{"apiVersion"}, kind{"kind"}, name{"name"}, uid{"uid"},
                           controls{"controller"};
                       reader.members(owner, here, {&api_version, &kind, &name, &uid, &controls});
                       const Owner read{reader.text(api_version, here), reader.text(kind, here),
                                        reader.text(name, here), reader.text(uid, here)};
                       if (reader.flag(controls, here, false)) controller = read;
                     });
  return controller;
}

void read_node_selector(JsonReader& reader, const Member& selector, std::string_view label_key,
                        PodSpec& spec) {
  const Path path{&kSpecPath, selector.name};
  Member os{"kubernetes.io/os"}, label{label_key};
  reader.members(selector.value, path, {&os, &label});
  spec.windows |= reader.text(os, path) == "windows";
  spec.selected_label = reader.optional_text(label, path);
}

void read_ports(JsonReader& reader, const Member& ports, std::string_view container,
                const Path& path, std::vector<ReservedPort>& reserved) {
  const Path ports_path{&path, ports.name};
  reader.each_object(reader.list(ports, path), ports_path, [&](JsonObject port, const Path& here) {
    Member number{"containerPort"};
    reader.members(port, here, {&number});
    const std::int64_t value = reader.integer(number, here).value_or(0);
    if (value >= kFirstErdmaPort && value <= kLastErdmaPort) reserved.push_back({container, value});
  });
}

// Calls `visit(name, container, path)` for each.
template <class Visit>
void read_containers(JsonReader& reader, const std::optional<JsonArray>& list, const Path& path,
                     PodSpec& spec, Visit visit) {
  reader.each_object(list, path, [&](JsonObject container, const Path& here) {
    Member name{"name"}, ports{"ports"};
    reader.members(container, here, {&name, &ports});
    const std::string_view text = reader.text(name, here);
    read_ports(reader, ports, text, here, spec.reserved_ports);
    visit(text, container, here);
  });
}

PodSpec read_spec(JsonReader& reader, JsonObject object, const Config& config) {
  Member host_network{"hostNetwork"}, host_users{"hostUsers"}, os{"os"}, selector{"nodeSelector"},
      runtime_class{"runtimeClassName"}, node_name{"nodeName"}, containers{"containers"},
      init_containers{"initContainers"}, affinity{"affinity"};
  reader.members(object, kSpecPath,
                 {&host_network, &host_users, &os, &selector, &runtime_class, &node_name,
                  &containers, &init_containers, &affinity});
  PodSpec spec;
  spec.given = true;
  spec.host_network = reader.flag(host_network, kSpecPath, false);
  spec.host_users = reader.flag(host_users, kSpecPath, true);
  spec.runtime_class = reader.text(runtime_class, kSpecPath);
  spec.node_name = reader.text(node_name, kSpecPath);

  const Path os_path{&kSpecPath, os.name};
  Member os_name{"name"};
  reader.members(os.value, os_path, {&os_name});
  spec.windows = reader.text(os_name, os_path) == "windows";
  read_node_selector(reader, selector, config.injection.affinity.key, spec);
  spec.affinity = read_node_affinity(reader, affinity);

  const std::string_view our_name = config.init_container.name;
  read_containers(
      reader, reader.list(containers, kSpecPath), kContainersPath, spec,
      [&](std::string_view name, JsonObject, const Path&) { spec.name_taken |= name == our_name; });
  const auto init_list = reader.list(init_containers, kSpecPath);
  spec.has_init_containers = init_list.has_value();
  read_containers(reader, init_list, kInitContainersPath, spec,
                  [&](std::string_view name, JsonObject container, const Path& here) {
                    if (name != our_name || spec.ours) return;
                    spec.ours = read_existing_container(reader, container, here);
                  });
  return spec;
}

}  // namespace

Pod read_pod(JsonReader& reader, const Member& object, const Config& config) {
  Member metadata{"metadata"}, spec{"spec"};
  reader.members(object.value, kObjectPath, {&metadata, &spec});
  const auto spec_object = reader.object(spec, kObjectPath);

  Member name{"name"}, generate_name{"generateName"}, annotations{"annotations"},
      owners{"ownerReferences"};
  reader.members(metadata.value, kMetadataPath, {&name, &generate_name, &annotations, &owners});
  const std::string_view own_name = reader.text(name, kMetadataPath);
  const std::string_view prefix = reader.text(generate_name, kMetadataPath);
  Pod pod;
  pod.name = own_name.empty() ? prefix : own_name;
  pod.annotations = read_annotations(reader, annotations);
  pod.owner = read_controller(reader, owners);
  if (spec_object && pod.asks_for_smc()) pod.spec = read_spec(reader, *spec_object, config);
  return pod;
}

}  // namespace smc::webhook
