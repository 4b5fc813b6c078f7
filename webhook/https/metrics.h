// Every metric of the webhook, declared in one place with its help and unit. Each function is safe
// on any thread and costs some ten nanoseconds; text() is for the scrape.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "http/observer.h"
#include "http/rules.h"
#include "webhook/config/config.h"
#include "webhook/review/decision.h"

namespace smc::webhook {

enum class Reloaded { kCertificate, kConfig };

// What became of an Event about a decision.
enum class EventResult {
  kSent,
  kRefused,  // by the API server
  kDropped,  // too many others waited, or the process ended
};

class Metrics final : public http::Observer {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void decided(Decision decision);
  void injected(InitMode mode);
  void refused(http::Refusal refusal) override;
  void cut(http::Cut reason) override;
  void took(std::chrono::nanoseconds duration);  // one review, from its last byte to its answer
  void in_flight(int change) override;           // requests from their first byte to their answer
  void connections(int change) override;
  void reloaded(Reloaded what, bool ok);
  void certificate_expires(std::chrono::system_clock::time_point when);
  // The effective value, and whether an ASMMeshConfig says it or the configuration.
  void mesh_switch(bool enabled, bool from_mesh);
  void events(EventResult result, std::uint64_t decisions);

  // The certificate authority that the replicas share; none of these is there where it comes from
  // elsewhere.
  void authority_expires(std::chrono::system_clock::time_point when);
  void certificate_step(const std::string& step, const std::string& result);

  // By what the webhook asks an API server for: "certificates", "mesh_switch", "namespaces",
  // "runtime_classes".
  void api_failed(const std::string& what, int times = 1);
  void api_up(const std::string& what, bool up);
  void api_unused(const std::string& what);  // it is not asked for this any more

  // In Prometheus' text format, what the kernel counts for the process included.
  std::string text() const;

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace smc::webhook
