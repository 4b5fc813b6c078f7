#include "webhook/review_handler.h"

#include <chrono>
#include <cstdint>
#include <utility>

#include "base/log.h"
#include "webhook/answer.h"

namespace smc::webhook {
namespace {

void log_answer(const Answer& answer, std::chrono::nanoseconds duration) {
  const std::int64_t duration_us =
      std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  if (answer.status != 200) {
    log::warn("review refused", {{"uid", answer.labels.uid},
                                 {"status", answer.status},
                                 {"reason", answer.body},
                                 {"duration_us", duration_us}});
    return;
  }
  const bool annotated = answer.decision > Decision::kNotAnnotated;
  (annotated ? log::info : static_cast<void (*)(std::string_view, log::Fields)>(log::debug))(
      "review", {{"uid", answer.labels.uid},
                 {"namespace", answer.labels.pod_namespace},
                 {"pod", answer.labels.pod},
                 {"owner", answer.labels.owner},
                 {"decision", info(answer.decision).code},
                 {"dry_run", answer.labels.dry_run},
                 {"duration_us", duration_us}});
}

}  // namespace

Listener::Handler review_handler(std::shared_ptr<const Config> config, Metrics& metrics) {
  return [config = std::move(config), &metrics](std::string& body) {
    const auto begin = std::chrono::steady_clock::now();
    Answer answer = answer_review(body, *config);
    const std::chrono::nanoseconds duration = std::chrono::steady_clock::now() - begin;
    metrics.took(duration);
    if (answer.status == 200) metrics.decided(answer.decision);
    log_answer(answer, duration);
    return Reply{answer.status, std::move(answer.body)};
  };
}

}  // namespace smc::webhook
