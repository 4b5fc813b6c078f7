#include "webhook/review/token_mount.h"

#include "webhook/review/review_paths.h"

namespace smc::webhook {
namespace {

constexpr std::string_view kTokenMountPath = "/var/run/secrets/kubernetes.io/serviceaccount";

// The bundle of API servers' authorities, in every namespace.
constexpr std::string_view kAuthorities = "kube-root-ca.crt";

// One source of the projected volume: the token, the authorities, or the namespace's name.
bool is_known_source(JsonReader& reader, JsonObject source, const Path& path, bool& has_token) {
  Member token{"serviceAccountToken"}, authorities{"configMap"}, downward{"downwardAPI"};
  reader.members(source, path, {&token, &authorities, &downward});
  const Path map_path{&path, authorities.name};
  Member map_name{"name"};
  reader.members(authorities.value, map_path, {&map_name});
  has_token |= token.value.has_value();
  return (!authorities.value || reader.text(map_name, map_path) == kAuthorities) &&
         other_member(source, {&token, &authorities, &downward}).empty();
}

bool is_projected_token(JsonReader& reader, const Member& projected, const Path& path) {
  const Path here{&path, projected.name};
  Member sources{"sources"};
  reader.members(projected.value, here, {&sources});
  bool has_token = false;
  bool only_known = true;
  reader.each_object(reader.list(sources, here), {&here, sources.name},
                     [&](JsonObject source, const Path& at) {
                       only_known &= is_known_source(reader, source, at, has_token);
                     });
  return has_token && only_known;
}

// Before 1.21 the token was in a Secret, and the volume had that one's name.
bool is_secret_token(JsonReader& reader, const Member& secret, const Path& path,
                     std::string_view volume) {
  const Path here{&path, secret.name};
  Member name{"secretName"};
  reader.members(secret.value, here, {&name});
  return secret.value && reader.text(name, here) == volume &&
         volume.find("-token-") != std::string_view::npos;
}

// Whether the volume of that name is the one that the ServiceAccount admission plugin makes. One
// that is not there mounts nothing, and the API server refuses the pod.
bool is_token_volume(JsonReader& reader, std::string_view wanted, const Member& volumes) {
  const Path list_path{&kSpecPath, volumes.name};
  bool is_token = true;
  reader.each_object(
      reader.list(volumes, kSpecPath), list_path, [&](JsonObject volume, const Path& here) {
        Member name{"name"}, projected{"projected"}, secret{"secret"};
        reader.members(volume, here, {&name, &projected, &secret});
        if (reader.text(name, here) != wanted) return;
        const bool known = is_secret_token(reader, secret, here, wanted) ||
                           is_projected_token(reader, projected, here);
        is_token &= known && other_member(volume, {&name, &projected, &secret}).empty();
      });
  return is_token;
}

}  // namespace

bool is_token_mount(JsonReader& reader, const Member& mounts, const Path& path,
                    const Member& volumes) {
  const auto list = reader.list(mounts, path);
  const Path list_path{&path, mounts.name};
  bool equal = !list || list->size() <= 1;
  reader.each_object(list, list_path, [&](JsonObject mount, const Path& here) {
    Member name{"name"}, mount_path{"mountPath"}, read_only{"readOnly"};
    if (!equal) return;
    reader.members(mount, here, {&name, &mount_path, &read_only});
    const std::string_view volume = reader.text(name, here);
    equal = !volume.empty() && reader.text(mount_path, here) == kTokenMountPath &&
            reader.flag(read_only, here, false) &&
            other_member(mount, {&name, &mount_path, &read_only}).empty() &&
            is_token_volume(reader, volume, volumes);
  });
  return equal;
}

}  // namespace smc::webhook
