#include "webhook/daemon/health.h"

#include <chrono>
#include <string>

#include "base/json_text.h"
#include "base/version.h"
#include "http/probe_server.h"
#include "webhook/cluster/readiness.h"
#include "webhook/https/listener.h"
#include "webhook/https/metrics.h"

namespace smc::webhook {
namespace {

using namespace std::chrono_literals;

// The listener's thread looks after its connections ten times a second; the longest review takes
// far less than a second.
constexpr auto kStuck = 10s;

http::Reply health(const Listener& listener) {
  const auto silent = listener.since_last_turn();
  const std::string stuck =
      "the admission listener has been stuck for " + std::to_string(silent.count()) + " ms\n";
  return http::state_reply(silent < kStuck ? "" : stuck, "ok\n");
}

}  // namespace

void add_health_routes(http::ProbeServer& server, const Listener& listener,
                       const Readiness& readiness, const Metrics& metrics) {
  server.get("/healthz", [&listener] { return health(listener); });
  server.get("/readyz", [&readiness] {
    http::Reply answer = http::state_reply(readiness.reasons(), "ready\n");
    answer.body += readiness.notices();
    return answer;
  });
  server.get("/metrics",
             [&metrics] { return http::Reply{200, metrics.text(), http::kPrometheusText}; });
  server.get("/version", [] {
    return http::Reply{200, "{\"version\":" + json_string(kVersion) + "}\n", "application/json"};
  });
}

}  // namespace smc::webhook
