// What an AdmissionReview says: its envelope and, of a pod that is created, the metadata that the
// decision and the log need. Views into a parsed document, valid as long as that is.
#pragma once

#include <optional>
#include <string_view>

#include "webhook/review/json_reader.h"

namespace smc::webhook {

// The pod's annotations that mean something to us; empty where absent or null.
struct Annotations {
  std::optional<std::string_view> enabled;
  std::optional<std::string_view> status;
  std::optional<std::string_view> on_failure;
  std::optional<std::string_view> interface;
  std::optional<std::string_view> pnetid;
  bool mirror_pod = false;  // kubernetes.io/config.mirror, whatever it says
  bool erdma_smcr = false;  // network.alibabacloud.com/erdma-smcr, whatever it says
};

// The controller of a pod; all empty where it has none.
struct Owner {
  std::string_view api_version, kind, name, uid;
};

struct Review {
  std::string_view uid;
  std::string_view group, version, kind, sub_resource;
  std::string_view operation;
  std::string_view pod_namespace;  // the request's: the pod's own may be empty
  bool dry_run = false;

  // What is below is read of a pod that is created; else it is empty, but for `name`.
  std::string_view name;  // or generateName
  Owner owner;
  Annotations annotations;
  std::optional<JsonObject> spec;

  bool is_pod() const {
    return group.empty() && version == "v1" && kind == "Pod" && sub_resource.empty();
  }
  bool is_create() const { return operation == "CREATE"; }
};

// Where the pod's spec stands in the document, for messages.
extern const Path kSpecPath;

// Refuses, through `reader`, what is not a v1 AdmissionReview with a request and a uid. What could
// be read before stays in the Review, for the log.
Review read_review(Reader& reader, Json root);

}  // namespace smc::webhook
