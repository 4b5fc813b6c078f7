// The certificate authority that the replicas of a webhook share through one Secret, kept alive on
// a thread of its own: it agrees with the other replicas on a CA, issues this replica's leaf in
// memory, keeps caBundle right and rotates the CA. What comes next is certs/rotation.h's affair;
// this carries it out. Every look reads both objects afresh, watches only say when to look; so a
// watch that lags or is missing costs time and nothing else.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include <nlohmann/json.hpp>

#include "base/event_fd.h"
#include "certs/authority_objects.h"
#include "certs/names.h"
#include "certs/rotation.h"
#include "kube/backoff.h"
#include "kube/client.h"
#include "kube/watcher.h"

namespace smc::certs {

struct ClusterAuthorityOptions {
  std::string ns;
  std::string secret;         // in `ns`; it may be empty, and is made where it is missing
  SecretMarks marks;          // of one that is made
  std::string configuration;  // the MutatingWebhookConfiguration; no Secret is made without it
  SubjectNames names;         // of the leaves
  RotationWaits waits;
  kube::ClientOptions client;
  kube::Backoff::Limits backoff;
  // A look without a reason: it notices a jump of the API server's clock and what a watch has
  // missed, for two small answers a minute.
  std::chrono::milliseconds resync{std::chrono::minutes(1)};
};

enum class StepResult {
  kDone,
  kConflict,  // somebody else was first
  kFailed,
};

// Called on the threads of a ClusterAuthority, at the same time even.
struct ClusterAuthorityHandlers {
  std::function<Result<void>(const KeyPair& leaf)> serve;  // from now on
  // Why the API server cannot trust what is served; empty: it does. Called when that changes.
  std::function<void(const std::string& why)> not_ready;
  std::function<void(Time)> authority_expires;
  std::function<void(Step::Kind, StepResult)> stepped;
  std::function<void()> api_failed;  // one failed request or watch
  std::function<void(bool)> api_up;  // both objects can be read and watched; when it changes
};

class ClusterAuthority {
 public:
  // Starts at once. All handlers must be there and outlive it; the process must ignore SIGPIPE.
  ClusterAuthority(std::shared_ptr<const kube::Cluster> cluster, ClusterAuthorityOptions options,
                   ClusterAuthorityHandlers handlers);
  // Stops within milliseconds, besides a handler that may be running.
  ~ClusterAuthority();
  ClusterAuthority(const ClusterAuthority&) = delete;
  ClusterAuthority& operator=(const ClusterAuthority&) = delete;

 private:
  // What the API server is needed for; each failure is told once.
  enum ApiUse : unsigned { kReading = 1, kSecretWatch = 2, kConfigurationWatch = 4 };
  struct Pause {
    std::chrono::milliseconds length;
    std::chrono::milliseconds shortest;  // from then on a change of the objects ends it
  };

  kube::Target secret() const { return {kube::kSecrets, options_.ns, options_.secret, ""}; }
  kube::Target configuration() const {
    return {kube::kMutatingWebhooks, "", options_.configuration, ""};
  }
  void wake() const;
  void set_failing(ApiUse use, bool there);

  static Pause uncut(std::chrono::milliseconds length);
  static Pause cut_by_a_change(std::chrono::milliseconds length);
  void run();
  Pause round();
  kube::Outcome<void> observe();
  void take_secret(nlohmann::json object);
  void take_no_secret();
  void take_configuration(nlohmann::json object);
  Time now() const;
  Pause carry_out(const Step& step);
  Result<void> issue(const Step& step);
  kube::Outcome<nlohmann::json> write(const Step& step);
  kube::Outcome<nlohmann::json> write_secret(const SharedAuthorities& authorities);
  Pause failed(const kube::ApiError& error);
  void answered();
  Pause paced();
  void report_readiness();
  std::string why_not_ready() const;

  const ClusterAuthorityOptions options_;
  const ClusterAuthorityHandlers handlers_;
  kube::Stop stop_;
  mutable EventFd wake_;
  std::atomic<unsigned> failing_ = 0;

  // of the thread alone
  kube::Client client_;
  kube::Backoff backoff_;
  kube::Backoff pacing_;
  unsigned writes_ = 0;  // of the last minute or more
  kube::SteadyTime last_write_{};
  nlohmann::json secret_;         // null: never seen, nor seen to be missing
  nlohmann::json configuration_;  // null: never seen; without webhooks: there is none
  std::string state_;
  kube::SteadyTime state_since_{};
  Observed observed_;
  std::string last_failure_;    // the last failed request; empty: it was answered
  std::string reported_ = "?";  // what not_ready was told last

  std::unique_ptr<kube::Watcher> secret_watch_;
  std::unique_ptr<kube::Watcher> configuration_watch_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace smc::certs
