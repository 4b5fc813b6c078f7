#include "webhook/review/existing_container.h"

#include <algorithm>

#include "webhook/review/token_mount.h"

namespace smc::webhook {
namespace {

// We set fewer entries of any kind: a longer list is not ours, and read no further.
constexpr std::size_t kMaxEntries = 16;

// Whether the value is absent or the API server's default
// (k8s.io/kubernetes/pkg/apis/core/v1/defaults.go).
bool is_default(JsonReader& reader, const Member& member, const Path& path,
                std::string_view value) {
  return reader.optional_text(member, path).value_or(value) == value;
}

// Notes the first field that has something foreign.
void note(ExistingContainer& container, std::string_view field, bool is_foreign = true) {
  if (is_foreign && container.foreign.empty()) container.foreign = field;
}

// {"name":"POD_UID","valueFrom":{"fieldRef":{"fieldPath":"metadata.uid"}}}; false where there is
// anything else.
bool read_variable(JsonReader& reader, JsonObject object, const Path& path,
                   FieldVariable& variable) {
  Member name{"name"}, source{"valueFrom"};
  reader.members(object, path, {&name, &source});
  variable.name = reader.text(name, path);
  const Path source_path{&path, source.name};
  const auto source_object = reader.object(source, path);
  Member field{"fieldRef"}, api_version{"apiVersion"}, field_path{"fieldPath"};
  if (!source_object) return false;
  reader.members(*source_object, source_path, {&field});
  const Path field_of{&source_path, field.name};
  const auto field_object = reader.object(field, source_path);
  if (!field_object) return false;
  reader.members(*field_object, field_of, {&api_version, &field_path});
  variable.field_path = reader.text(field_path, field_of);
  return is_default(reader, api_version, field_of, "v1") &&
         other_member(object, {&name, &source}).empty() &&
         other_member(*source_object, {&field}).empty() &&
         other_member(*field_object, {&api_version, &field_path}).empty();
}

void read_environment(JsonReader& reader, const Member& member, const Path& path,
                      ExistingContainer& container) {
  const Path list_path{&path, member.name};
  reader.each_object(reader.list(member, path), list_path, [&](JsonObject object, const Path& at) {
    if (container.environment.size() == kMaxEntries) return note(container, member.name);
    FieldVariable variable;
    note(container, member.name, !read_variable(reader, object, at, variable));
    container.environment.push_back(variable);
  });
}

std::vector<ResourceAmount> read_amounts(JsonReader& reader, const Member& member, const Path& path,
                                         ExistingContainer& container) {
  std::vector<ResourceAmount> amounts;
  const Path here{&path, member.name};
  const auto object = reader.object(member, path);
  if (!object) return amounts;
  for (const auto& [key, value] : *object) {
    const std::string_view name = key;
    if (value.is_null()) continue;
    if (std::any_of(amounts.begin(), amounts.end(),
                    [&](const ResourceAmount& read) { return read.resource == name; })) {
      reader.refuse({&here, name}, "the key stands here twice");
      break;
    }
    if (amounts.size() == kMaxEntries) {
      note(container, "resources");
      break;
    }
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS) text = {};
    amounts.push_back({name, {text}});
  }
  return amounts;
}

void read_resources(JsonReader& reader, const Member& member, const Path& path,
                    ExistingContainer& container) {
  const Path here{&path, member.name};
  const auto object = reader.object(member, path);
  Member limits{"limits"}, requests{"requests"};
  if (!object) return;
  reader.members(*object, here, {&limits, &requests});
  container.limits = read_amounts(reader, limits, here, container);
  container.requests = read_amounts(reader, requests, here, container);
  note(container, member.name, !other_member(*object, {&limits, &requests}).empty());
}

Seccomp read_seccomp(JsonReader& reader, const Member& member, const Path& path) {
  const Path here{&path, member.name};
  const auto object = reader.object(member, path);
  Member type{"type"};
  if (!object) return Seccomp::kNone;
  reader.members(*object, here, {&type});
  const bool is_default =
      reader.text(type, here) == "RuntimeDefault" && other_member(*object, {&type}).empty();
  return is_default ? Seccomp::kRuntimeDefault : Seccomp::kOther;
}

// False where there is more than what is read.
bool read_capabilities(JsonReader& reader, const Member& member, const Path& path,
                       ContainerSecurity& security) {
  const Path here{&path, member.name};
  const auto object = reader.object(member, path);
  Member add{"add"}, drop{"drop"};
  if (!object) return true;
  reader.members(*object, here, {&add, &drop});
  const auto added = reader.texts(add, here);
  const auto dropped = reader.texts(drop, here);
  security.adds_capabilities = added && added->size() > 0;
  security.drops_capabilities = dropped && dropped->size() > 0;
  if (dropped)
    for (const Json name : *dropped) {
      std::string_view text;
      security.drops_all_capabilities |= name.get(text) == simdjson::SUCCESS && text == "ALL";
    }
  return other_member(*object, {&add, &drop}).empty();
}

void read_security(JsonReader& reader, const Member& member, const Path& path,
                   ExistingContainer& container) {
  const Path here{&path, member.name};
  const auto object = reader.object(member, path);
  Member privileged{"privileged"}, read_only{"readOnlyRootFilesystem"}, non_root{"runAsNonRoot"},
      user{"runAsUser"}, group{"runAsGroup"}, proc_mount{"procMount"},
      escalation{"allowPrivilegeEscalation"}, capabilities{"capabilities"},
      seccomp{"seccompProfile"};
  if (!object) return;
  reader.members(*object, here,
                 {&privileged, &read_only, &non_root, &user, &group, &proc_mount, &escalation,
                  &capabilities, &seccomp});
  ContainerSecurity& security = container.security;
  security.privileged = reader.optional_flag(privileged, here);
  security.read_only_root_filesystem = reader.optional_flag(read_only, here);
  security.run_as_non_root = reader.optional_flag(non_root, here);
  security.run_as_user = reader.integer(user, here);
  security.run_as_group = reader.integer(group, here);
  security.privilege_escalation = reader.optional_flag(escalation, here);
  security.seccomp = read_seccomp(reader, seccomp, here);
  note(container, member.name, !read_capabilities(reader, capabilities, here, security));
  note(container, member.name, !is_default(reader, proc_mount, here, "Default"));
  note(container, member.name,
       !other_member(*object, {&privileged, &read_only, &non_root, &user, &group, &proc_mount,
                               &escalation, &capabilities, &seccomp})
            .empty());
}

}  // namespace

ExistingContainer read_existing_container(JsonReader& reader, JsonObject container,
                                          const Path& path, const Member& volumes) {
  Member name{"name"}, image{"image"}, pull_policy{"imagePullPolicy"}, command{"command"},
      args{"args"}, env{"env"}, resources{"resources"}, security{"securityContext"},
      message_policy{"terminationMessagePolicy"}, message_path{"terminationMessagePath"},
      mounts{"volumeMounts"};
  reader.members(container, path,
                 {&name, &image, &pull_policy, &command, &args, &env, &resources, &security,
                  &message_policy, &message_path, &mounts});
  ExistingContainer read;
  read.index = path.index;
  read.image = reader.text(image, path);
  read.image_pull_policy = reader.text(pull_policy, path);
  read.command = reader.texts(command, path);
  read.args = reader.texts(args, path);
  read_environment(reader, env, path, read);
  read_resources(reader, resources, path, read);
  read_security(reader, security, path, read);
  read.termination_message_policy = reader.text(message_policy, path);
  note(read, message_path.name, !is_default(reader, message_path, path, "/dev/termination-log"));
  note(read, mounts.name, !is_token_mount(reader, mounts, path, volumes));
  note(read,
       other_member(container, {&name, &image, &pull_policy, &command, &args, &env, &resources,
                                &security, &message_policy, &message_path, &mounts}));
  return read;
}

}  // namespace smc::webhook
