#include "webhook/review/review.h"

#include "webhook/config/config.h"

namespace smc::webhook {
namespace {

constexpr Path kRoot{};
constexpr Path kRequestPath{&kRoot, "request"};
constexpr Path kObjectPath{&kRequestPath, "object"};
constexpr Path kMetadataPath{&kObjectPath, "metadata"};

constexpr std::string_view kMirrorAnnotation = "kubernetes.io/config.mirror";
// Makes the erdma-controller set up the same network namespace, whatever its value.
constexpr std::string_view kErdmaAnnotation = "network.alibabacloud.com/erdma-smcr";

void read_kind(Reader& reader, const Member& value, Review& review) {
  const Path path{&kRequestPath, value.name};
  Member group{"group"}, version{"version"}, kind{"kind"};
  reader.members(value.value, path, {&group, &version, &kind});
  review.group = reader.text(group, path);
  review.version = reader.text(version, path);
  review.kind = reader.text(kind, path);
}

void read_annotations(Reader& reader, const Member& value, Annotations& annotations) {
  const Path path{&kMetadataPath, value.name};
  Member enabled{kEnabledAnnotation}, status{kStatusAnnotation}, mirror{kMirrorAnnotation},
      erdma{kErdmaAnnotation}, on_failure{kOnFailureAnnotation}, interface {
    kInterfaceAnnotation
  }, pnetid{kPnetidAnnotation};
  reader.members(value.value, path,
                 {&enabled, &status, &mirror, &erdma, &on_failure, &interface, &pnetid});
  annotations.enabled = reader.optional_text(enabled, path);
  annotations.status = reader.optional_text(status, path);
  annotations.on_failure = reader.optional_text(on_failure, path);
  annotations.interface = reader.optional_text(interface, path);
  annotations.pnetid = reader.optional_text(pnetid, path);
  annotations.mirror_pod = reader.optional_text(mirror, path).has_value();
  annotations.erdma_smcr = reader.optional_text(erdma, path).has_value();
}

void read_owner(Reader& reader, const Member& references, Review& review) {
  const Path path{&kMetadataPath, references.name};
  reader.each_object(reader.list(references, kMetadataPath), path,
                     [&](JsonObject owner, const Path& here) {
                       Member api_version{"apiVersion"}, kind{"kind"}, name{"name"}, uid{"uid"},
                           controller{"controller"};
                       reader.members(owner, here, {&api_version, &kind, &name, &uid, &controller});
                       const Owner read{reader.text(api_version, here), reader.text(kind, here),
                                        reader.text(name, here), reader.text(uid, here)};
                       if (reader.flag(controller, here, false)) review.owner = read;
                     });
}

void read_pod(Reader& reader, const Member& object, Review& review) {
  if (!object.value) return reader.refuse(kObjectPath, "a pod is expected, for CREATE");
  Member metadata{"metadata"}, spec{"spec"};
  reader.members(object.value, kObjectPath, {&metadata, &spec});
  review.spec = reader.object(spec, kObjectPath);

  Member name{"name"}, generate_name{"generateName"}, annotations{"annotations"},
      owners{"ownerReferences"};
  reader.members(metadata.value, kMetadataPath, {&name, &generate_name, &annotations, &owners});
  const std::string_view own_name = reader.text(name, kMetadataPath);
  const std::string_view prefix = reader.text(generate_name, kMetadataPath);
  review.name = own_name.empty() ? prefix : own_name;
  read_annotations(reader, annotations, review.annotations);
  read_owner(reader, owners, review);
}

}  // namespace

const Path kSpecPath{&kObjectPath, "spec"};

Review read_review(Reader& reader, Json root) {
  Review review;
  Member api_version{"apiVersion"}, kind{"kind"}, request{"request"};
  reader.members(std::optional<Json>(root), kRoot, {&api_version, &kind, &request});
  if (reader.text(api_version, kRoot) != "admission.k8s.io/v1")
    reader.refuse({&kRoot, api_version.name}, "\"admission.k8s.io/v1\" is expected");
  if (reader.text(kind, kRoot) != "AdmissionReview")
    reader.refuse({&kRoot, kind.name}, "\"AdmissionReview\" is expected");
  if (!request.value) reader.refuse(kRequestPath, "a request is expected");

  Member uid{"uid"}, pod_kind{"kind"}, sub_resource{"subResource"}, operation{"operation"},
      pod_namespace{"namespace"}, name{"name"}, dry_run{"dryRun"}, object{"object"};
  reader.members(
      request.value, kRequestPath,
      {&uid, &pod_kind, &sub_resource, &operation, &pod_namespace, &name, &dry_run, &object});
  review.uid = reader.text(uid, kRequestPath);
  if (review.uid.empty()) reader.refuse({&kRequestPath, uid.name}, "a uid is expected");
  read_kind(reader, pod_kind, review);
  review.sub_resource = reader.text(sub_resource, kRequestPath);
  review.operation = reader.text(operation, kRequestPath);
  review.pod_namespace = reader.text(pod_namespace, kRequestPath);
  review.name = reader.text(name, kRequestPath);
  review.dry_run = reader.flag(dry_run, kRequestPath, false);
  if (review.is_pod() && review.is_create()) read_pod(reader, object, review);
  return review;
}

}  // namespace smc::webhook
