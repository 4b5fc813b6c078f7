#include "webhook/daemon/review_handler.h"

#include <chrono>
#include <cstdint>
#include <utility>

#include "base/log.h"

namespace smc::webhook {
namespace {

void log_answer(const Answer& answer, std::chrono::nanoseconds duration) {
  const std::int64_t duration_us =
      std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  if (answer.status != 200) {
    log::warn("review refused", {{"uid", answer.labels.uid()},
                                 {"status", answer.status},
                                 {"reason", answer.body},
                                 {"duration_us", duration_us}});
    return;
  }
  const bool annotated = answer.decision > Decision::kNotAnnotated;
  (annotated ? log::info : static_cast<void (*)(std::string_view, log::Fields)>(log::debug))(
      "review", {{"uid", answer.labels.uid()},
                 {"namespace", answer.labels.pod_namespace()},
                 {"pod", answer.labels.pod()},
                 {"owner", answer.labels.owner()},
                 {"decision", info(answer.decision).code},
                 {"mode", answer.mode ? name_of(*answer.mode) : std::string_view()},
                 {"dry_run", answer.labels.dry_run()},
                 {"duration_us", duration_us}});
}

OwnerEvent event_of(std::string ns, Announcement said) {
  return {{std::move(said.api_version), std::move(said.kind), std::move(ns), std::move(said.name),
           std::move(said.uid)},
          !said.injected,
          said.injected ? "Injected" : "InjectionSkipped",
          std::move(said.message)};
}

}  // namespace

Listener::Handler review_handler(const Config& config, ModeOfNamespace mode_of, Metrics& metrics,
                                 EventRecorder* events) {
  return [reviewer = std::make_shared<Reviewer>(config, std::move(mode_of), events != nullptr),
          &metrics, events](std::string& body) {
    const auto begin = std::chrono::steady_clock::now();
    Answer answer = reviewer->answer(body);
    const std::chrono::nanoseconds duration = std::chrono::steady_clock::now() - begin;
    metrics.took(duration);
    if (answer.status == 200)
      metrics.decided(answer.decision);
    else
      metrics.refused(answer.status == 503 ? http::Refusal::kMemory : http::Refusal::kReview);
    if (answer.decision == Decision::kInjected && answer.mode) metrics.injected(*answer.mode);
    log_answer(answer, duration);
    if (events != nullptr && answer.announcement)
      events->add(
          event_of(std::string(answer.labels.pod_namespace()), std::move(*answer.announcement)));
    return http::Reply{answer.status, std::move(answer.body), nullptr};
  };
}

}  // namespace smc::webhook
