#include "webhook/review/pod.h"

#include "base/erdma_ports.h"
#include "webhook/review/review_paths.h"

namespace smc::webhook {
namespace {

constexpr Path kContainersPath{&kSpecPath, "containers"};
constexpr Path kInitContainersPath{&kSpecPath, "initContainers"};

// A pod has one or two.
constexpr std::size_t kMaxSidecars = 8;

// virtual-kubelet's nodes have it (github.com/virtual-kubelet/virtual-kubelet).
constexpr std::string_view kVirtualNodeTaint = "virtual-kubelet.io/provider";

NodeSelector read_node_selector(JsonReader& reader, const Member& member,
                                std::string_view label_key) {
  const Path path{&kSpecPath, member.name};
  Member os{"kubernetes.io/os"}, older_os{"beta.kubernetes.io/os"}, type{"type"}, label{label_key};
  NodeSelector read;
  if (!member.value) return read;
  reader.members(member.value, path, {&os, &older_os, &type, &label});
  read.os = reader.optional_text(os, path);
  read.older_os = reader.optional_text(older_os, path);
  read.type = reader.optional_text(type, path);
  read.our_label = reader.optional_text(label, path);
  return read;
}

bool read_tolerations(JsonReader& reader, const Member& member) {
  bool tolerates = false;
  const Path path{&kSpecPath, member.name};
  reader.each_object(reader.list(member, kSpecPath), path,
                     [&](JsonObject toleration, const Path& here) {
                       Member key{"key"};
                       reader.members(toleration, here, {&key});
                       tolerates |= reader.text(key, here) == kVirtualNodeTaint;
                     });
  return tolerates;
}

// Whether a securityContext, of the pod or of a container, says something to Windows.
bool read_windows_options(JsonReader& reader, const Member& member, const Path& parent) {
  if (!member.value) return false;
  const Path path{&parent, member.name};
  Member options{"windowsOptions"};
  reader.members(member.value, path, {&options});
  const auto object = reader.object(options, path);
  return object && object->size() > 0;
}

std::optional<Quantity> read_quantity(const Member& member) {
  if (!member.value) return {};
  std::string_view text;
  if (member.value->get(text) != simdjson::SUCCESS) return Quantity{};
  return Quantity{text};
}

void read_pod_resources(JsonReader& reader, const Member& member, PodSpec& spec) {
  if (!member.value) return;
  const Path path{&kSpecPath, member.name};
  Member requests{"requests"}, limits{"limits"};
  reader.members(member.value, path, {&requests, &limits});
  for (const Member* list : {&requests, &limits}) {
    Member cpu{"cpu"}, memory{"memory"};
    reader.members(list->value, {&path, list->name}, {&cpu, &memory});
    (list == &requests ? spec.cpu.request : spec.cpu.limit) = read_quantity(cpu);
    (list == &requests ? spec.memory.request : spec.memory.limit) = read_quantity(memory);
  }
}

void read_pull_secrets(JsonReader& reader, const Member& member, PodSpec& spec) {
  const Path path{&kSpecPath, member.name};
  const auto list = reader.list(member, kSpecPath);
  spec.has_pull_secrets = list.has_value();
  reader.each_object(list, path, [&](JsonObject secret, const Path& here) {
    Member name{"name"};
    reader.members(secret, here, {&name});
    spec.pull_secrets.push_back(reader.text(name, here));
  });
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

// Calls `visit(name, restart policy, container, path)` for each.
template <class Visit>
void read_containers(JsonReader& reader, const std::optional<JsonArray>& list, const Path& path,
                     PodSpec& spec, Visit visit) {
  reader.each_object(list, path, [&](JsonObject container, const Path& here) {
    Member name{"name"}, ports{"ports"}, security{"securityContext"}, restart{"restartPolicy"};
    reader.members(container, here, {&name, &ports, &security, &restart});
    const std::string_view text = reader.text(name, here);
    read_ports(reader, ports, text, here, spec.reserved_ports);
    spec.windows_options |= read_windows_options(reader, security, here);
    visit(text, reader.text(restart, here), container, here);
  });
}

void read_all_containers(JsonReader& reader, const Member& containers,
                         const Member& init_containers, const Member& volumes,
                         std::string_view our_name, PodSpec& spec) {
  read_containers(reader, reader.list(containers, kSpecPath), kContainersPath, spec,
                  [&](std::string_view name, std::string_view, JsonObject, const Path&) {
                    spec.name_taken |= name == our_name;
                  });
  const auto init_list = reader.list(init_containers, kSpecPath);
  spec.has_init_containers = init_list.has_value();
  read_containers(
      reader, init_list, kInitContainersPath, spec,
      [&](std::string_view name, std::string_view restart, JsonObject container, const Path& here) {
        if (name == our_name && !spec.ours) {
          spec.ours = read_existing_container(reader, container, here, volumes);
          spec.sidecars_before_ours = spec.sidecars.size();
        } else if (restart == "Always" && spec.sidecars.size() < kMaxSidecars) {
          spec.sidecars.push_back(name);
        }
      });
}

void read_spec(JsonReader& reader, JsonObject object, const Config& config, PodSpec& spec) {
  Member host_network{"hostNetwork"}, host_users{"hostUsers"}, os{"os"}, selector{"nodeSelector"},
      runtime_class{"runtimeClassName"}, node_name{"nodeName"}, containers{"containers"},
      init_containers{"initContainers"}, affinity{"affinity"}, tolerations{"tolerations"},
      security{"securityContext"}, resources{"resources"}, pull_secrets{"imagePullSecrets"},
      volumes{"volumes"};
  reader.members(
      object, kSpecPath,
      {&host_network, &host_users, &os, &selector, &runtime_class, &node_name, &containers,
       &init_containers, &affinity, &tolerations, &security, &resources, &pull_secrets, &volumes});
  spec.given = true;
  spec.host_network = reader.flag(host_network, kSpecPath, false);
  spec.host_users = reader.flag(host_users, kSpecPath, true);
  spec.runtime_class = reader.text(runtime_class, kSpecPath);
  spec.node_name = reader.text(node_name, kSpecPath);

  const Path os_path{&kSpecPath, os.name};
  Member os_name{"name"};
  reader.members(os.value, os_path, {&os_name});
  spec.os = reader.text(os_name, os_path);
  spec.windows_options = read_windows_options(reader, security, kSpecPath);
  spec.node_selector = read_node_selector(reader, selector, config.injection.affinity.key);
  spec.tolerates_virtual_nodes = read_tolerations(reader, tolerations);
  spec.affinity = read_node_affinity(reader, affinity);
  read_pod_resources(reader, resources, spec);
  if (!config.init_container.image_pull_secrets.empty())
    read_pull_secrets(reader, pull_secrets, spec);
  read_all_containers(reader, containers, init_containers, volumes, config.init_container.name,
                      spec);
}

}  // namespace

void read_pod(JsonReader& reader, const Member& object, const Config& config, Pod& pod) {
  Member metadata{"metadata"}, spec{"spec"};
  reader.members(object.value, kObjectPath, {&metadata, &spec});
  const auto spec_object = reader.object(spec, kObjectPath);
  pod.metadata = read_metadata(reader, metadata);
  if (spec_object && pod.metadata.asks_for_smc()) read_spec(reader, *spec_object, config, pod.spec);
}

}  // namespace smc::webhook
