#include "webhook/review/pod_spec.h"

#include <string>

#include "base/erdma_ports.h"

namespace smc::webhook {
namespace {

constexpr Path kContainersPath{&kSpecPath, "containers"};
constexpr Path kInitContainersPath{&kSpecPath, "initContainers"};

void warn_of_ports(Reader& reader, const Member& ports, std::string_view name, const Path& path,
                   Warnings& warnings) {
  const Path ports_path{&path, ports.name};
  reader.each_object(reader.list(ports, path), ports_path, [&](JsonObject port, const Path& here) {
    Member number{"containerPort"};
    reader.members(port, here, {&number});
    const std::int64_t value = reader.integer(number, here).value_or(0);
    if (value < kFirstErdmaPort || value > kLastErdmaPort) return;
    warnings.add("containerPort " + std::to_string(value) + " of " + shown(name) +
                 ": the kernel reserves " + std::string(kErdmaPortsText) + " for eRDMA");
  });
}

// Calls `visit(name, container, index)` for each.
template <class Visit>
void each_container(Reader& reader, const std::optional<JsonArray>& list, const Path& path,
                    Warnings& port_warnings, Visit visit) {
  reader.each_object(list, path, [&](JsonObject container, const Path& here) {
    Member name{"name"}, ports{"ports"};
    reader.members(container, here, {&name, &ports});
    const std::string_view text = reader.text(name, here);
    warn_of_ports(reader, ports, text, here, port_warnings);
    visit(text, container, here.index);
  });
}

}  // namespace

PodSpec read_pod_spec(Reader& reader, const std::optional<JsonObject>& spec,
                      std::string_view label_key) {
  PodSpec read;
  if (!spec) return read;
  Member host_network{"hostNetwork"}, host_users{"hostUsers"}, os{"os"}, selector{"nodeSelector"},
      runtime_class{"runtimeClassName"}, node_name{"nodeName"}, containers{"containers"},
      init_containers{"initContainers"};
  reader.members(*spec, kSpecPath,
                 {&host_network, &host_users, &os, &selector, &runtime_class, &node_name,
                  &containers, &init_containers, &read.affinity});
  read.host_network = reader.flag(host_network, kSpecPath, false);
  read.host_users = reader.flag(host_users, kSpecPath, true);
  read.runtime_class = reader.text(runtime_class, kSpecPath);
  read.node_name = reader.text(node_name, kSpecPath);
  read.containers = reader.list(containers, kSpecPath);
  read.init_containers = reader.list(init_containers, kSpecPath);

  const Path os_path{&kSpecPath, os.name};
  Member os_name{"name"};
  reader.members(os.value, os_path, {&os_name});
  const Path selector_path{&kSpecPath, selector.name};
  Member selected_os{"kubernetes.io/os"}, label{label_key};
  reader.members(selector.value, selector_path, {&selected_os, &label});
  read.windows = reader.text(os_name, os_path) == "windows";
  read.windows |= reader.text(selected_os, selector_path) == "windows";
  read.selected_label = reader.optional_text(label, selector_path);
  return read;
}

Containers read_containers(Reader& reader, const PodSpec& spec, std::string_view our_name) {
  Containers read;
  each_container(
      reader, spec.containers, kContainersPath, read.port_warnings,
      [&](std::string_view name, JsonObject, std::size_t) { read.name_taken |= name == our_name; });
  each_container(reader, spec.init_containers, kInitContainersPath, read.port_warnings,
                 [&](std::string_view name, JsonObject container, std::size_t index) {
                   if (name != our_name || read.ours) return;
                   read.ours = container;
                   read.ours_at = index;
                 });
  return read;
}

Path init_container_path(std::size_t index) {
  return {&kInitContainersPath, {}, index};
}

}  // namespace smc::webhook
