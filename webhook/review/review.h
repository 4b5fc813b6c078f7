// What an AdmissionReview says: its envelope and the pod that it is about, as plain values. Every
// type, and every duplicate, is judged here; what comes after reads no JSON. Pure functions, safe
// on any thread; the views point into the parsed document and are valid as long as that is.
#pragma once

#include <string>
#include <string_view>

#include "webhook/config/config.h"
#include "webhook/review/json_reader.h"
#include "webhook/review/pod.h"

namespace smc::webhook {

struct Review {
  std::string_view uid;
  std::string_view group, version, kind, sub_resource;
  std::string_view operation;
  std::string_view pod_namespace;  // the request's: the pod's own may be empty
  std::string_view name;           // the request's, or the pod's own, or its generateName
  bool dry_run = false;
  Pod pod;  // read where it is created; else empty

  bool is_pod() const {
    return group.empty() && version == "v1" && kind == "Pod" && sub_resource.empty();
  }
  bool is_create() const { return operation == "CREATE"; }
};

struct ReadReview {
  Review review;
  std::string problem;  // why the review is refused; what was read before is there for the log
};

// Refuses what is not a v1 AdmissionReview with a request and a uid, and any wrong type or
// duplicate of what is read.
ReadReview read_review(Json root, const Config& config);

}  // namespace smc::webhook
