#include "webhook/review/review.h"

#include "webhook/review/review_paths.h"

namespace smc::webhook {
namespace {

void read_kind(JsonReader& reader, const Member& value, Review& review) {
  const Path path{&kRequestPath, value.name};
  Member group{"group"}, version{"version"}, kind{"kind"};
  reader.members(value.value, path, {&group, &version, &kind});
  review.group = reader.text(group, path);
  review.version = reader.text(version, path);
  review.kind = reader.text(kind, path);
}

// What is inside the review; its envelope has been looked at.
void read_request(JsonReader& reader, const Member& request, const Config& config, Review& review) {
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
  if (!review.is_pod() || !review.is_create()) return;
  if (!object.value) reader.refuse(kObjectPath, "a pod is expected, for CREATE");
  read_pod(reader, object, config, review.pod);
  review.name = review.pod.metadata.name;
}

}  // namespace

ReadReview read_review(Json root, const Config& config) {
  ReadReview read;
  JsonReader reader;
  Member api_version{"apiVersion"}, kind{"kind"}, request{"request"};
  reader.members(std::optional<Json>(root), kDocumentPath, {&api_version, &kind, &request});
  if (reader.text(api_version, kDocumentPath) != "admission.k8s.io/v1")
    reader.refuse({&kDocumentPath, api_version.name}, "\"admission.k8s.io/v1\" is expected");
  if (reader.text(kind, kDocumentPath) != "AdmissionReview")
    reader.refuse({&kDocumentPath, kind.name}, "\"AdmissionReview\" is expected");
  if (!request.value) reader.refuse(kRequestPath, "a request is expected");
  read_request(reader, request, config, read.review);
  read.problem = reader.problem();
  return read;
}

}  // namespace smc::webhook
