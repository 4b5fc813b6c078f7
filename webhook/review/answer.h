// One admission review in, one answer out: the only door between the transport (listener, `review`)
// and the injector. A Reviewer belongs to one thread; the rest is plain values.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "webhook/config/config.h"
#include "webhook/review/decision.h"

namespace smc::webhook {

// What the log line and the metrics say about one review: copies, shortened and printable, in one
// piece of memory.
class ReviewLabels {
 public:
  ReviewLabels() = default;
  // `owner_kind` and `owner_name` become one.
  ReviewLabels(std::string_view uid, std::string_view pod_namespace, std::string_view pod,
               std::string_view owner_kind, std::string_view owner_name, bool dry_run);

  std::string_view uid() const { return label(0); }
  std::string_view pod_namespace() const { return label(1); }
  std::string_view pod() const { return label(2); }    // name or generateName
  std::string_view owner() const { return label(3); }  // "Kind/name" of the controller, or empty
  bool dry_run() const { return dry_run_; }

 private:
  std::string_view label(std::size_t number) const {
    const std::size_t begin = number == 0 ? 0 : ends_[number - 1];
    return std::string_view(text_).substr(begin, ends_[number] - begin);
  }

  std::string text_;
  std::array<std::size_t, 4> ends_{};
  bool dry_run_ = false;
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
  std::optional<InitMode> mode = {};            // of our container in the pod; empty: it has none
  // Of an annotated pod with an owner that was injected, or skipped with a warning. Not of a dry
  // run, nor of a second call for the same pod.
  std::optional<Announcement> announcement = {};
};

// The mode for pods of a namespace, where the configuration leaves it to that.
using ModeOfNamespace = std::function<InitMode(std::string_view name)>;

// Of a namespace that nobody knows: every namespace admits a container without privilege.
inline InitMode mode_of_unknown_namespace(std::string_view) {
  return InitMode::kAgent;
}

// Answers reviews by one configuration. It keeps the memory that parsing and patching take, so that
// a small review costs no allocation but its answer's.
class Reviewer {
 public:
  // Answers carry announcements only where somebody is there to tell them.
  explicit Reviewer(const Config& config, ModeOfNamespace mode_of = mode_of_unknown_namespace,
                    bool announces = true);
  ~Reviewer();
  Reviewer(const Reviewer&) = delete;
  Reviewer& operator=(const Reviewer&) = delete;

  // `body` is grown by the parser's padding in place (its content stays as it is).
  Answer answer(std::string& body);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// For one review, or a few.
Answer answer_review(std::string& body, const Config& config,
                     ModeOfNamespace mode_of = mode_of_unknown_namespace);

}  // namespace smc::webhook
