#include "webhook/review/metadata.h"

#include "base/keys.h"
#include "webhook/review/review_paths.h"

namespace smc::webhook {
namespace {

constexpr std::string_view kMirrorAnnotation = "kubernetes.io/config.mirror";
// Makes the erdma-controller set up the same network namespace, whatever its value.
constexpr std::string_view kErdmaAnnotation = "network.alibabacloud.com/erdma-smcr";

// What istio's injector says it has put in, as JSON. One of these init containers redirects the
// pod's connections to its proxy, or checks that istio's CNI plug-in does; a gateway has neither.
constexpr std::string_view kIstioAnnotation = "sidecar.istio.io/status";
constexpr std::string_view kIstioRedirect = "\"istio-init\"";
constexpr std::string_view kIstioCniRedirect = "\"istio-validation\"";

// "LimitRanger plugin set: ephemeral-storage limit for init container smc-init; …"
constexpr std::string_view kLimitRangerAnnotation = "kubernetes.io/limit-ranger";
constexpr std::string_view kEciLabel = "alibabacloud.com/eci";

Annotations read_annotations(JsonReader& reader, const Member& value) {
  const Path path{&kMetadataPath, value.name};
  Member enabled{kEnabledAnnotation}, status{kStatusAnnotation}, on_failure{kOnFailureAnnotation},
      programs{kProgramsAnnotation}, resources{kResourcesAnnotation},
      interface_name{kInterfaceAnnotation}, pnetid{kPnetidAnnotation}, mirror{kMirrorAnnotation},
      erdma{kErdmaAnnotation}, limit_ranger{kLimitRangerAnnotation},
      exclude_destinations{kExcludeDestinationsAnnotation}, istio{kIstioAnnotation};
  reader.members(value.value, path,
                 {&enabled, &status, &on_failure, &programs, &resources, &interface_name, &pnetid,
                  &mirror, &erdma, &limit_ranger, &exclude_destinations, &istio});
  Annotations read;
  read.enabled = reader.optional_text(enabled, path);
  read.status = reader.optional_text(status, path);
  read.on_failure = reader.optional_text(on_failure, path);
  read.programs = reader.optional_text(programs, path);
  read.resources = reader.optional_text(resources, path);
  read.interface = reader.optional_text(interface_name, path);
  read.pnetid = reader.optional_text(pnetid, path);
  read.exclude_destinations = reader.optional_text(exclude_destinations, path);
  read.limit_ranger = reader.text(limit_ranger, path);
  const std::string_view injected = reader.text(istio, path);
  read.istio_redirect = injected.find(kIstioRedirect) != std::string_view::npos ||
                        injected.find(kIstioCniRedirect) != std::string_view::npos;
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

}  // namespace

Metadata read_metadata(JsonReader& reader, const Member& metadata) {
  Member name{"name"}, generate_name{"generateName"}, labels{"labels"}, annotations{"annotations"},
      owners{"ownerReferences"};
  reader.members(metadata.value, kMetadataPath,
                 {&name, &generate_name, &labels, &annotations, &owners});
  const std::string_view own_name = reader.text(name, kMetadataPath);
  const std::string_view prefix = reader.text(generate_name, kMetadataPath);
  Metadata read;
  read.name = own_name.empty() ? prefix : own_name;
  const Path labels_path{&kMetadataPath, labels.name};
  Member eci{kEciLabel};
  reader.members(labels.value, labels_path, {&eci});
  read.eci_label = reader.text(eci, labels_path);
  read.annotations = read_annotations(reader, annotations);
  read.owner = read_controller(reader, owners);
  return read;
}

}  // namespace smc::webhook
