// One admission review in, one answer out: the only door between the transport (listener, `review`)
// and the injector. A pure function of its arguments but for the thread's own parser memory; safe
// on any thread.
#pragma once

#include <optional>
#include <string>

#include "webhook/config/config.h"
#include "webhook/review/decision.h"

namespace smc::webhook {

// What the log line and the metrics say about one review. Texts are copies, shortened and
// printable.
struct ReviewLabels {
  std::string uid;
  std::string pod_namespace;
  std::string pod;    // name or generateName
  std::string owner;  // "Kind/name" of the controller, empty without one
  bool dry_run = false;
};

// What an Event on the pod's owner says about a decision.
struct Announcement {
  std::string api_version, kind, name, uid;  // of the owner
  bool injected = false;                     // else skipped, and the user wanted it
  std::string message;
};

struct Answer {
  int status = 200;  // HTTP status: 200, 400 or 503
  std::string body;  // the AdmissionReview, or one line of text that says why not
  Decision decision = Decision::kNotAnnotated;  // only with status 200
  ReviewLabels labels;                          // as far as they could be read
  // Of an annotated pod with an owner that was injected, or skipped with a warning. Not of a dry
  // run, nor of a second call for the same pod.
  std::optional<Announcement> announcement = {};
};

// `body` is grown by the parser's padding in place (its content stays as it is).
Answer answer_review(std::string& body, const Config& config);

}  // namespace smc::webhook
