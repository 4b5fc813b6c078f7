// What the webhook answers on its health listener: the kubelet's probes, Prometheus, its version.
// Called on the main thread, before the server starts; the answers come from the server's own
// thread, so that what they look at has to outlive it.
#pragma once

namespace smc::http {
class ProbeServer;
}

namespace smc::webhook {

class Listener;
class Metrics;
class Readiness;

// /healthz, /readyz, /metrics and /version.
void add_health_routes(http::ProbeServer& server, const Listener& listener,
                       const Readiness& readiness, const Metrics& metrics);

}  // namespace smc::webhook
