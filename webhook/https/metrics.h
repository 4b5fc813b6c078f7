// Every metric of the webhook, declared in one place with its help and unit. Each function is safe
// on any thread and costs some ten nanoseconds; text() is for the scrape.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "webhook/https/http_rules.h"
#include "webhook/review/decision.h"

namespace smc::webhook {

// Why a connection ended without an answer.
enum class Cut {
  kHandshake,         // TLS did not come about
  kHandshakeTimeout,  // past the deadline of a phase
  kHeaderTimeout,
  kBodyTimeout,
  kAnswerTimeout,
  kDisconnect,  // the peer went in the middle of a request
  kUnserved,    // closed when it came: no descriptor or memory for it
};

enum class Reloaded { kCertificate, kConfig };

// What became of an Event about a decision.
enum class EventResult {
  kSent,
  kRefused,  // by the API server
  kDropped,  // too many others waited, or the process ended
};

class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void decided(Decision decision);
  void refused(Refusal refusal);
  void cut(Cut reason);
  void took(std::chrono::nanoseconds duration);  // one review, from its last byte to its answer
  void in_flight(int change);                    // requests from their first byte to their answer
  void connections(int change);
  void reloaded(Reloaded what, bool ok);
  void certificate_expires(std::chrono::system_clock::time_point when);
  // The effective value, and whether an ASMMeshConfig says it or the configuration.
  void mesh_switch(bool enabled, bool from_mesh);
  void events(EventResult result, std::uint64_t decisions);

  // The certificate authority that the replicas share; none of these is there where it comes from
  // elsewhere.
  void authority_expires(std::chrono::system_clock::time_point when);
  void certificate_step(const std::string& step, const std::string& result);

  // By what the webhook asks an API server for: "certificates", "mesh_switch".
  void api_failed(const std::string& what, int times = 1);
  void api_up(const std::string& what, bool up);

  // In Prometheus' text format, the process's own figures included.
  std::string text() const;

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace smc::webhook
