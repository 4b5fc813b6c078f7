#include "webhook/https/listener.h"

#include <vector>

namespace smc::webhook {
namespace {

// The design's limit; four times what kube-apiserver could send with its largest token.
constexpr std::size_t kMaxHeaderBytes = 64 << 10;

std::vector<http::Route> mutate(Listener::Handler handler) {
  std::vector<http::Route> routes;
  routes.push_back({"/mutate", "POST", "application/json", "application/json", std::move(handler)});
  return routes;
}

}  // namespace

Listener::Listener(const Config::Server& limits, SslContextPtr tls, Handler handler,
                   Metrics& metrics, std::size_t max_bytes_in_flight)
    : max_bytes_in_flight_(max_bytes_in_flight),
      server_(limits_of(limits), mutate(std::move(handler)), metrics, std::move(tls)) {}

http::Limits Listener::limits_of(const Config::Server& config) const {
  http::Limits limits;
  limits.max_header_bytes = kMaxHeaderBytes;
  limits.max_body_bytes = config.max_body_bytes;
  limits.max_bytes_in_flight = max_bytes_in_flight_;
  limits.max_connections = config.max_connections;
  limits.request_timeout = config.request_timeout;
  limits.idle_timeout = config.idle_timeout;
  return limits;
}

void Listener::replace(const Config::Server& limits) {
  server_.replace(limits_of(limits));
}

}  // namespace smc::webhook
