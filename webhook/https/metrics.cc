#include "webhook/https/metrics.h"

#include <array>
#include <sstream>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "base/log.h"
#include "base/version.h"
#include "webhook/https/process_statistics.h"

namespace smc::webhook {
namespace {

using prometheus::Counter;
using prometheus::Gauge;
using prometheus::Histogram;

// The median of a review is well below a millisecond; kube-apiserver gives up after seconds.
const Histogram::BucketBoundaries kDurationBuckets = {
    50e-6, 100e-6, 200e-6, 500e-6, 1e-3, 2e-3, 5e-3, 10e-3, 20e-3, 50e-3, 100e-3, 0.2, 0.5, 1};

// Indexed by http::Cut.
constexpr std::array kCuts = {"handshake",    "handshake_timeout", "header_timeout",
                              "body_timeout", "answer_timeout",    "disconnect",
                              "unserved",     "gave_way"};

constexpr std::array kReloaded = {"certificate", "config"};  // indexed by Reloaded

constexpr std::array kEventResults = {"sent", "refused", "dropped"};  // indexed by EventResult

constexpr std::array kModes = {InitMode::kPrivileged, InitMode::kAgent};

constexpr std::array kMeshSources = {"configuration", "ASMMeshConfig"};

template <class Enum>
std::size_t index(Enum value) {
  return static_cast<std::size_t>(value);
}

}  // namespace

struct Metrics::Families {
  prometheus::Registry registry;
  std::array<Counter*, kDecisions.size()> decisions{};
  std::array<Counter*, kModes.size()> modes{};
  std::array<Counter*, http::kRefusals.size()> refusals{};
  std::array<Counter*, kCuts.size()> cuts{};
  std::array<std::array<Counter*, 2>, kReloaded.size()> reloads{};
  Histogram* duration = nullptr;
  Gauge* in_flight = nullptr;
  Gauge* connections = nullptr;
  Gauge* certificate_expires = nullptr;
  prometheus::Family<Gauge>* authority_expires = nullptr;
  prometheus::Family<Counter>* certificate_steps = nullptr;
  prometheus::Family<Counter>* api_errors = nullptr;
  prometheus::Family<Gauge>* api_up = nullptr;  // a series only where something is asked for
  std::array<Counter*, kEventResults.size()> events{};
  Gauge* mesh_enabled = nullptr;
  std::array<Gauge*, kMeshSources.size()> mesh_sources{};

  prometheus::Family<Counter>& counters(const char* name, const char* help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
  }
  Gauge& gauge(const char* name, const char* help, const prometheus::Labels& labels = {}) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add(labels);
  }

  Families();
};

// Every label value is there from the start: a rate over a counter that appears late misses its
// first increment.
Metrics::Families::Families() {
  auto& reviews = counters("smc_webhook_reviews_total", "Reviews answered, by decision.");
  for (const DecisionInfo& each : kDecisions)
    decisions[index(each.decision)] = &reviews.Add({{"decision", std::string(each.code)}});

  auto& injected =
      counters("smc_webhook_injections_total", "Reviews answered with a patch, by the mode.");
  for (const InitMode mode : kModes)
    modes[index(mode)] = &injected.Add({{"mode", std::string(name_of(mode))}});

  auto& refused = counters("smc_webhook_refused_requests_total",
                           "Requests answered with an HTTP status other than 200, by reason.");
  for (const http::RefusalInfo& each : http::kRefusals)
    if (each.refusal != http::Refusal::kNone)
      refusals[index(each.refusal)] = &refused.Add({{"reason", std::string(each.reason)}});

  auto& cut = counters("smc_webhook_cut_connections_total",
                       "Connections that ended before an answer was sent, by reason.");
  for (std::size_t i = 0; i < kCuts.size(); ++i) cuts[i] = &cut.Add({{"reason", kCuts[i]}});

  auto& reload = counters("smc_webhook_reloads_total",
                          "Changed files read again, by what they hold and result; on an error "
                          "the old content stays in use.");
  for (std::size_t i = 0; i < kReloaded.size(); ++i)
    reloads[i] = {&reload.Add({{"what", kReloaded[i]}, {"result", "error"}}),
                  &reload.Add({{"what", kReloaded[i]}, {"result", "ok"}})};

  duration = &prometheus::BuildHistogram()
                  .Name("smc_webhook_review_duration_seconds")
                  .Help("Time from a request's last byte to its answer being ready.")
                  .Register(registry)
                  .Add({}, kDurationBuckets);
  in_flight = &gauge("smc_webhook_requests_in_flight", "Requests begun and not answered yet.");
  connections = &gauge("smc_webhook_connections", "Open connections to the admission listener.");
  certificate_expires = &gauge("smc_webhook_certificate_expiration_timestamp_seconds",
                               "End of the serving certificate's time, in Unix seconds.");
  authority_expires = &prometheus::BuildGauge()
                           .Name("smc_webhook_authority_expiration_timestamp_seconds")
                           .Help(
                               "End of the time of the CA that the webhook's replicas share, in "
                               "Unix seconds.")
                           .Register(registry);
  certificate_steps = &counters("smc_webhook_certificate_steps_total",
                                "Steps in the life of the shared CA that this replica took, by "
                                "step and result; of a rotation: publish, switch, prune.");
  api_errors =
      &counters("smc_webhook_api_errors_total",
                "Requests to and watches of an API server that failed, by what was asked for.");
  api_up = &prometheus::BuildGauge()
                .Name("smc_webhook_api_up")
                .Help("1 while the API server answers, 0 while what was last known is used.")
                .Register(registry);
  auto& event = counters("smc_webhook_events_total",
                         "Decisions to be told as Events, by what became of that.");
  for (std::size_t i = 0; i < kEventResults.size(); ++i)
    events[i] = &event.Add({{"result", kEventResults[i]}});
  mesh_enabled = &gauge("smc_webhook_mesh_smc_enabled", "1 while SMC is on for the mesh.");
  auto& sources = prometheus::BuildGauge()
                      .Name("smc_webhook_mesh_source")
                      .Help("1 for what decides the mesh switch now.")
                      .Register(registry);
  for (std::size_t i = 0; i < kMeshSources.size(); ++i)
    mesh_sources[i] = &sources.Add({{"source", kMeshSources[i]}});
  gauge("smc_webhook_build_info", "1, labelled with the version.", {{"version", kVersion}}).Set(1);
}

Metrics::Metrics() : families_(std::make_unique<Families>()) {}
Metrics::~Metrics() = default;

void Metrics::decided(Decision decision) {
  families_->decisions[index(decision)]->Increment();
}

void Metrics::injected(InitMode mode) {
  families_->modes[index(mode)]->Increment();
}

void Metrics::refused(http::Refusal refusal) {
  if (refusal != http::Refusal::kNone) families_->refusals[index(refusal)]->Increment();
}

void Metrics::cut(http::Cut reason) {
  families_->cuts[index(reason)]->Increment();
}

void Metrics::took(std::chrono::nanoseconds duration) {
  families_->duration->Observe(std::chrono::duration<double>(duration).count());
}

void Metrics::in_flight(int change) {
  families_->in_flight->Increment(change);
}

void Metrics::connections(int change) {
  families_->connections->Increment(change);
}

void Metrics::reloaded(Reloaded what, bool ok) {
  families_->reloads[index(what)][ok ? 1 : 0]->Increment();
}

void Metrics::certificate_expires(std::chrono::system_clock::time_point when) {
  families_->certificate_expires->Set(
      static_cast<double>(std::chrono::system_clock::to_time_t(when)));
}

void Metrics::authority_expires(std::chrono::system_clock::time_point when) {
  families_->authority_expires->Add({}).Set(
      static_cast<double>(std::chrono::system_clock::to_time_t(when)));
}

void Metrics::certificate_step(const std::string& step, const std::string& result) {
  families_->certificate_steps->Add({{"step", step}, {"result", result}}).Increment();
}

void Metrics::api_failed(const std::string& what, int times) {
  families_->api_errors->Add({{"what", what}}).Increment(times);
}

void Metrics::api_up(const std::string& what, bool up) {
  families_->api_up->Add({{"what", what}}).Set(up ? 1 : 0);
}

void Metrics::api_unused(const std::string& what) {
  families_->api_up->Remove(&families_->api_up->Add({{"what", what}}));
}

void Metrics::events(EventResult result, std::uint64_t decisions) {
  families_->events[index(result)]->Increment(static_cast<double>(decisions));
}

void Metrics::mesh_switch(bool enabled, bool from_mesh) {
  families_->mesh_enabled->Set(enabled ? 1 : 0);
  for (std::size_t i = 0; i < kMeshSources.size(); ++i)
    families_->mesh_sources[i]->Set(i == (from_mesh ? 1 : 0) ? 1 : 0);
}

std::string Metrics::text() const {
  auto metrics = families_->registry.Collect();
  auto statistics = process_statistics();
  statistics.push_back(
      {"smc_webhook_log_lines_dropped_total",
       "Log lines that were lost: the reader of standard error was too slow, or it could "
       "not be written to.",
       true, static_cast<double>(log::dropped_lines())});
  for (const ProcessStatistic& statistic : statistics) {
    prometheus::MetricFamily family;
    family.name = statistic.name;
    family.help = statistic.help;
    family.type =
        statistic.counter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
    prometheus::ClientMetric metric;
    (statistic.counter ? metric.counter.value : metric.gauge.value) = statistic.value;
    family.metric.push_back(metric);
    metrics.push_back(std::move(family));
  }
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, metrics);
  return out.str();
}

}  // namespace smc::webhook
