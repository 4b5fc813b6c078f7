#include "certs/authority_objects.h"

#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/json_value.h"
#include "base/keys.h"

namespace smc::certs {

using nlohmann::json;

namespace {

constexpr char kCurrentCertificate[] = "ca.crt";
constexpr char kCurrentKey[] = "ca.key";
constexpr char kNextCertificate[] = "next.crt";
constexpr char kNextKey[] = "next.key";
constexpr char kPrevious[] = "previous.crt";

// What is no base64 stays as it is, and is no certificate and no key then.
std::string decoded(const std::string& text) {
  return base64_decode(text).value_or(text);
}

json::json_pointer below(const char* parent, std::string_view key) {
  return json::json_pointer(parent) / std::string(key);
}

std::string data_of(const json& secret, const char* key) {
  return decoded(text_at(secret, below("/data", key)));
}

std::string annotation_of(const json& object, std::string_view key) {
  return text_at(object, below("/metadata/annotations", key));
}

// Null counts as absent, as everywhere in the API.
json& object_member(json& parent, const char* key) {
  json& member = parent[key];
  if (!member.is_object()) member = json::object();
  return member;
}

const json& webhooks_of(const json& configuration) {
  static const json kNone = json::array();
  const auto found = configuration.find("webhooks");
  return found != configuration.end() && found->is_array() ? *found : kNone;
}

}  // namespace

SharedAuthorities authorities_of(const json& secret) {
  return {{data_of(secret, kCurrentCertificate), data_of(secret, kCurrentKey)},
          {data_of(secret, kNextCertificate), data_of(secret, kNextKey)},
          data_of(secret, kPrevious),
          annotation_of(secret, kRotateAnnotation),
          annotation_of(secret, kRotatedAnnotation)};
}

json new_secret(const std::string& ns, const std::string& name, const SecretMarks& marks,
                const json& configuration) {
  const auto of_owner = [&configuration](const char* pointer) {
    return text_at(configuration, json::json_pointer(pointer));
  };
  return {{"apiVersion", "v1"},
          {"kind", "Secret"},
          {"type", "Opaque"},
          {"metadata",
           {{"namespace", ns},
            {"name", name},
            {"labels", marks.labels},
            {"annotations", marks.annotations},
            {"ownerReferences",
             {{{"apiVersion", of_owner("/apiVersion")},
               {"kind", of_owner("/kind")},
               {"name", of_owner("/metadata/name")},
               {"uid", of_owner("/metadata/uid")}}}}}}};
}

json with_authorities(json secret, const SharedAuthorities& authorities) {
  json& data = object_member(secret, "data");
  const auto set = [&data](const char* key, const std::string& value) {
    if (value.empty())
      data.erase(key);
    else
      data[key] = base64_encode(value);
  };
  set(kCurrentCertificate, authorities.current.certificate_pem);
  set(kCurrentKey, authorities.current.key_pem);
  set(kNextCertificate, authorities.next.certificate_pem);
  set(kNextKey, authorities.next.key_pem);
  set(kPrevious, authorities.previous);
  if (!authorities.rotated.empty())
    object_member(object_member(secret, "metadata"),
                  "annotations")[std::string(kRotatedAnnotation)] = authorities.rotated;
  return secret;
}

std::vector<std::string> bundles_of(const json& configuration) {
  std::vector<std::string> bundles;
  for (const json& webhook : webhooks_of(configuration))
    bundles.push_back(decoded(text_at(webhook, json::json_pointer("/clientConfig/caBundle"))));
  return bundles;
}

json bundle_patch(const json& configuration, const std::string& bundle) {
  // Setting the resourceVersion that it has makes the server compare it: 409 where it has another.
  json patch = {
      {{"op", "replace"},
       {"path", "/metadata/resourceVersion"},
       {"value", text_at(configuration, json::json_pointer("/metadata/resourceVersion"))}}};
  std::size_t index = 0;
  for (const json& webhook : webhooks_of(configuration)) {
    const std::string path = "/webhooks/" + std::to_string(index++);
    patch.push_back({{"op", "test"},
                     {"path", path + "/name"},
                     {"value", text_at(webhook, json::json_pointer("/name"))}});
    patch.push_back({{"op", "add"},  // which replaces, too
                     {"path", path + "/clientConfig/caBundle"},
                     {"value", base64_encode(bundle)}});
  }
  return patch;
}

std::string state_key(const SharedAuthorities& authorities, const json& configuration) {
  const json::json_pointer generation("/metadata/generation");
  const std::string changed =
      configuration.contains(generation)
          ? configuration.at(generation).dump()
          : text_at(configuration, json::json_pointer("/metadata/resourceVersion"));
  return authorities.current.certificate_pem + '\n' + authorities.next.certificate_pem + '\n' +
         authorities.previous + '\n' + text_at(configuration, json::json_pointer("/metadata/uid")) +
         '\n' + changed;
}

}  // namespace smc::certs
