// A serving certificate that this process issues itself, from the CA that the replicas share in a
// Secret: certs/cluster_authority tied to the listener, the readiness and the metrics.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "certs/cluster_authority.h"
#include "kube/cluster.h"
#include "webhook/cluster/readiness.h"
#include "webhook/https/listener.h"
#include "webhook/https/metrics.h"
#include "webhook/https/tls.h"

namespace smc::webhook {

struct SelfManagedOptions {
  std::string secret;         // "NAMESPACE/NAME"; empty: the certificate comes from files
  std::string configuration;  // the MutatingWebhookConfiguration whose caBundle is kept right
  std::string service;        // the DNS name that the API server expects, "NAME.NAMESPACE.svc"
  // Of a Secret that is made because it is missing, "KEY=VALUE,…".
  std::string secret_labels;
  std::string secret_annotations;
  std::chrono::milliseconds settle = certs::RotationWaits().settle;
  std::chrono::milliseconds retain = certs::RotationWaits().retain;
};

// A certificate that nobody trusts, to listen with until the first one that somebody does.
Result<TlsContext> placeholder_tls(const std::string& service,
                                   const std::optional<std::string>& client_ca);

class SelfManaged {
 public:
  // Starts at once. The options have been checked with check(); listener, metrics and readiness
  // must outlive it.
  SelfManaged(std::shared_ptr<const kube::Cluster> cluster, const SelfManagedOptions& options,
              std::optional<std::string> client_ca, Listener& listener, Metrics& metrics,
              Readiness& readiness);

  static Result<void> check(const SelfManagedOptions& options);

  // The file of --client-ca has changed. On any thread.
  Result<void> use_client_ca(std::string pem);

 private:
  certs::ClusterAuthorityHandlers handlers();
  Result<void> serve(const certs::KeyPair& leaf);
  Result<void> apply(const certs::KeyPair& leaf, const std::optional<std::string>& client_ca);

  Listener& listener_;
  Metrics& metrics_;
  Readiness& readiness_;
  std::mutex mutex_;
  std::optional<std::string> client_ca_;
  certs::KeyPair leaf_;                // empty before the first
  certs::ClusterAuthority authority_;  // last: its threads use all of the above
};

}  // namespace smc::webhook
