#include "http/probe_server.h"

#include <exception>
#include <utility>

#include "base/log.h"

namespace smc::http {
namespace {

using namespace std::chrono_literals;

// One request a connection, since a probe has no second one. A kubelet's probe gives up after one
// second by default, and sends some hundred bytes; there are the kubelet's probes, Prometheus and a
// person at a time.
Limits probe_limits() {
  Limits limits;
  limits.max_header_bytes = 8 << 10;
  limits.max_bytes_in_flight = 1 << 20;
  limits.max_connections = 64;
  limits.over_cap_connections = 64;
  limits.backlog = 128;
  limits.request_timeout = 2s;
  limits.idle_timeout = 0s;
  return limits;
}

class NoObserver final : public Observer {
 public:
  void refused(Refusal) override {}
  void cut(Cut) override {}
  void in_flight(int) override {}
  void connections(int) override {}
};

void serve(Server& server) {
  try {
    server.run();
  } catch (const std::exception& failure) {
    log::error("health listener ended",
               {{"error", failure.what()}, {"hint", "the kubelet restarts the container"}});
  }
}

}  // namespace

Reply state_reply(const std::string& reasons, const char* good) {
  return {reasons.empty() ? 200 : 503, reasons.empty() ? good : reasons, nullptr};
}

ProbeServer::~ProbeServer() {
  stop();
}

void ProbeServer::get(const char* path, std::function<Reply()> answer) {
  routes_.push_back({path, "GET", "", "text/plain; charset=utf-8",
                     [answer = std::move(answer)](std::string&) { return answer(); }});
}

void ProbeServer::add(Route route) {
  routes_.push_back(std::move(route));
}

Result<HostPort> ProbeServer::start(const HostPort& address, const std::string& flag) {
  static NoObserver nobody;
  server_ = std::make_unique<Server>(probe_limits(), std::move(routes_), nobody);
  auto bound = server_->bind(address, flag);
  if (bound) thread_ = std::thread([this] { serve(*server_); });
  return bound;
}

void ProbeServer::stop() {
  if (!thread_.joinable()) return;
  server_->stop();
  thread_.join();
}

}  // namespace smc::http
