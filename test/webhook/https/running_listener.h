// A Listener on a free port of loopback, its thread, a certificate, and a handler of the test's.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "test/webhook/https/certificates.h"
#include "test/webhook/https/tls_client.h"
#include "webhook/https/listener.h"
#include "webhook/https/metrics.h"

namespace smc::webhook {

inline SslContextPtr tls_of(const certs::KeyPair& pair,
                            const std::optional<std::string>& client_ca = {}) {
  auto made = make_tls_context({pair.certificate_pem, pair.key_pem, client_ca});
  EXPECT_TRUE(made) << made.error().text();
  return made->context;
}

inline http::Reply echo(std::string& body) {
  return {200, "{\"bytes\":" + std::to_string(body.size()) + "}", nullptr};
}

class RunningListener {
 public:
  explicit RunningListener(const Config::Server& limits = {}, Listener::Handler handler = echo,
                           SslContextPtr tls = tls_of(new_serving_pair()),
                           std::size_t max_bytes_in_flight = Listener::kMaxBytesInFlight,
                           const std::string& host = "127.0.0.1")
      : listener(limits, std::move(tls), std::move(handler), metrics, max_bytes_in_flight) {
    const auto bound = listener.bind({host, 0});
    EXPECT_TRUE(bound) << bound.error().text();
    port = bound->port;
    thread_ = std::thread([this] { listener.run(); });
  }
  ~RunningListener() {
    if (!thread_.joinable()) return;
    listener.stop();
    thread_.join();
  }
  // Returns when run() has.
  void join() { thread_.join(); }

  // The value of a metric's line, such as "smc_webhook_connections".
  double metric(const std::string& line) const {
    const std::string text = "\n" + metrics.text();
    const std::size_t at = text.find("\n" + line + " ");
    if (at == std::string::npos) return -1;
    return std::stod(text.substr(at + line.size() + 2));
  }
  // Waits until it has the value; metrics follow what a client sees by a moment.
  bool metric_becomes(const std::string& line, double value) const {
    for (const auto end = std::chrono::steady_clock::now() + kPatience; metric(line) != value;) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
  }

  Metrics metrics;
  Listener listener;
  std::uint16_t port = 0;

 private:
  std::thread thread_;
};

}  // namespace smc::webhook
