#include "webhook/review/answer.h"

#include <new>
#include <utility>

#include "base/base64.h"
#include "base/json_text.h"
#include "webhook/review/document.h"
#include "webhook/review/inject.h"
#include "webhook/review/review.h"

namespace smc::webhook {
namespace {

// Names and namespaces have at most 253 characters (RFC 1123 subdomain), a uid 36.
constexpr std::size_t kMaxLabelCharacters = 253;

// The API's limit for an Event's note (events.k8s.io/v1).
constexpr std::size_t kMaxAnnouncementCharacters = 1024;

ReviewLabels read_labels(const Review& review) {
  ReviewLabels labels;
  labels.uid = printable(review.uid, kMaxLabelCharacters);
  labels.pod_namespace = printable(review.pod_namespace, kMaxLabelCharacters);
  labels.pod = printable(review.name, kMaxLabelCharacters);
  if (!review.owner.kind.empty())
    labels.owner = printable(review.owner.kind, kMaxLabelCharacters) + '/' +
                   printable(review.owner.name, kMaxLabelCharacters);
  labels.dry_run = review.dry_run;
  return labels;
}

std::string write_envelope(std::string_view uid, const Outcome& outcome) {
  std::string out;
  out.reserve(256 + uid.size() + outcome.patch.size() / 3 * 4);
  out += R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":)";
  append_json_string(out, uid);
  out += R"(,"allowed":true)";
  if (!outcome.patch.empty()) {
    out += R"(,"patchType":"JSONPatch","patch":")";
    append_base64(out, outcome.patch);
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
    out += R"("})";
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
  const Owner& owner = review.owner;
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

Answer answer(Document& document, std::string& body, const Config& config) {
  const auto root = document.parse(body);
  if (!root) return refuse(root.error().what);
  Reader reader;
  const Review review = read_review(reader, *root);
  ReviewLabels labels = read_labels(review);
  if (!reader.ok()) return refuse(reader.problem(), std::move(labels));
  const Outcome outcome = inject(reader, review, config);
  if (!reader.ok()) return refuse(reader.problem(), std::move(labels));
  return {200, write_envelope(review.uid, outcome), outcome.decision, std::move(labels),
          announce(review, outcome)};
}

}  // namespace

Answer answer_review(std::string& body, const Config& config) {
  thread_local Document document;
  struct Shrink {
    ~Shrink() { document.shrink(); }
  } const shrink;
  try {
    return answer(document, body, config);
  } catch (const std::bad_alloc&) {
    return {503, "memory is short", {}, {}};
  }
}

}  // namespace smc::webhook
