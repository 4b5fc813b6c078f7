#include "webhook/review/answer.h"

#include <new>
#include <utility>

#include "base/json_text.h"
#include "webhook/review/compiled_config.h"
#include "webhook/review/document.h"
#include "webhook/review/inject.h"
#include "webhook/review/review.h"

namespace smc::webhook {
namespace {

// Names and namespaces have at most 253 characters (RFC 1123 subdomain), a uid 36.
constexpr std::size_t kMaxLabelCharacters = 253;

// The API's limit for an Event's note (events.k8s.io/v1).
constexpr std::size_t kMaxAnnouncementCharacters = 1024;

// What a Reviewer keeps for its next patch: more than any but those of pods with many terms.
constexpr std::size_t kKeptPatchBytes = 64 << 10;

ReviewLabels labels_of(const Review& review) {
  return ReviewLabels(review.uid, review.pod_namespace, review.name, review.pod.metadata.owner.kind,
                      review.pod.metadata.owner.name, review.dry_run);
}

std::string write_envelope(std::string_view uid, const Outcome& outcome) {
  std::string out;
  out.reserve(256 + uid.size() + outcome.patch.size());
  out += R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":)";
  append_json_string(out, uid);
  out += R"(,"allowed":true)";
  if (!outcome.patch.empty()) {
    out += R"(,"patchType":"JSONPatch","patch":")";
    out += outcome.patch;
    out += '"';
  }
  if (!outcome.warnings.empty()) {
    out += R"(,"warnings":)";
    char separator = '[';
    for (const std::string& warning : outcome.warnings) {
      out += separator;
      append_json_string(out, warning);
      separator = ',';
    }
    out += ']';
  }
  if (outcome.audit) {
    out += R"(,"auditAnnotations":{"decision":")";
    out += info(outcome.decision).code;
    out += '"';
    if (outcome.mode) out.append(R"(,"mode":")").append(name_of(*outcome.mode)).append(R"(")");
    out += '}';
  }
  return out += "}}";
}

// The warnings say it all; an injection mostly has none.
std::string announcement_text(const Outcome& outcome) {
  std::string text;
  if (outcome.decision == Decision::kInjected) text = "SMC: the init container is put into pods";
  for (const std::string& warning : outcome.warnings)
    text.append(text.empty() ? "" : "; ").append(warning);
  return printable(text, kMaxAnnouncementCharacters);
}

std::optional<Announcement> announce(const Review& review, const Outcome& outcome) {
  const bool injected = outcome.decision == Decision::kInjected && outcome.audit;
  const bool told = injected || info(outcome.decision).warns;
  const Owner& owner = review.pod.metadata.owner;
  if (!told || review.dry_run || owner.uid.empty()) return {};
  return Announcement{printable(owner.api_version, kMaxLabelCharacters),
                      printable(owner.kind, kMaxLabelCharacters),
                      printable(owner.name, kMaxLabelCharacters),
                      printable(owner.uid, kMaxLabelCharacters),
                      injected,
                      announcement_text(outcome)};
}

Answer refuse(std::string problem, ReviewLabels labels = {}) {
  return {400, std::move(problem), {}, std::move(labels)};
}

}  // namespace

ReviewLabels::ReviewLabels(std::string_view uid, std::string_view pod_namespace,
                           std::string_view pod, std::string_view owner_kind,
                           std::string_view owner_name, bool dry_run)
    : dry_run_(dry_run) {
  text_.reserve(128);  // as long as most are together
  append_printable(text_, uid, kMaxLabelCharacters);
  ends_[0] = text_.size();
  append_printable(text_, pod_namespace, kMaxLabelCharacters);
  ends_[1] = text_.size();
  append_printable(text_, pod, kMaxLabelCharacters);
  ends_[2] = text_.size();
  if (!owner_kind.empty()) {
    append_printable(text_, owner_kind, kMaxLabelCharacters);
    text_ += '/';
    append_printable(text_, owner_name, kMaxLabelCharacters);
  }
  ends_[3] = text_.size();
}

class Reviewer::Impl {
 public:
  Impl(const Config& config, ModeOfNamespace mode_of, bool announces)
      : config_(config), mode_of_(std::move(mode_of)), announces_(announces) {}

  Answer answer(std::string& body);
  void give_back() { document_.shrink(); }

 private:
  InitMode mode_for(const Review& review) const;

  const CompiledConfig config_;
  const ModeOfNamespace mode_of_;
  const bool announces_;
  Document document_;
  std::string patch_memory_;
};

InitMode Reviewer::Impl::mode_for(const Review& review) const {
  const std::optional<InitMode>& configured = config_.config.init_container.mode;
  if (configured) return *configured;
  // of other pods there is nothing to decide
  return review.pod.metadata.asks_for_smc() ? mode_of_(review.pod_namespace) : InitMode::kAgent;
}

Answer Reviewer::Impl::answer(std::string& body) {
  const auto root = document_.parse(body);
  if (!root) return refuse(root.error().what);
  const auto [review, problem] = read_review(*root, config_.config);
  if (!problem.empty()) return refuse(problem, labels_of(review));
  Outcome outcome = inject(review, config_, mode_for(review), std::move(patch_memory_));
  Answer answer{200, write_envelope(review.uid, outcome), outcome.decision, labels_of(review),
                outcome.mode};
  if (announces_) answer.announcement = announce(review, outcome);
  if (outcome.patch.capacity() <= kKeptPatchBytes) patch_memory_ = std::move(outcome.patch);
  return answer;
}

Reviewer::Reviewer(const Config& config, ModeOfNamespace mode_of, bool announces)
    : impl_(std::make_unique<Impl>(config, std::move(mode_of), announces)) {}

Reviewer::~Reviewer() = default;

Answer Reviewer::answer(std::string& body) {
  struct GiveBack {
    ~GiveBack() { impl.give_back(); }
    Impl& impl;
  } const after{*impl_};
  try {
    return impl_->answer(body);
  } catch (const std::bad_alloc&) {
    return {503, "memory is short", {}, {}};
  }
}

Answer answer_review(std::string& body, const Config& config, ModeOfNamespace mode_of) {
  return Reviewer(config, std::move(mode_of)).answer(body);
}

}  // namespace smc::webhook
