// The API server that the person has chosen, and as whom: kubeconfig, context, credential plug-in.
// For the main thread.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "kube/client.h"
#include "kube/kubeconfig.h"
#include "kube/stop.h"
#include "kubectl/exec_credential.h"

namespace smc::kubectl {

// As kubectl: fewer questions where there are many objects. The client's limit of an answer holds
// 500 pods of 32 KiB.
inline constexpr int kPageObjects = 500;
// Kubernetes is tested with 150,000 pods; of a pod about 1 KiB is kept, so that this many fill 50
// MB. More than these are looked at namespace by namespace.
inline constexpr std::size_t kMaxPods = 50'000;

// As kubectl has them.
struct ConnectOptions {
  std::string kubeconfig;  // empty: $KUBECONFIG, else ~/.kube/config, else the pod's account
  kube::KubeconfigChoice choice;
  std::string ns;  // empty: the context's, else "default"
};

class Session {
 public:
  // `stop` must outlive it. Runs the credential plug-in, where the context has one.
  static Result<Session> open(const ConnectOptions& options, const kube::Stop& stop);

  // Anew from the plug-in where its credentials end within a minute; for long work.
  Result<void> renew();

  // One connection; `options` beside the program's own name.
  kube::Client client(kube::ClientOptions options = {}) const;
  // The same with another stop, which must outlive it: for what is done after an interrupt.
  kube::Client client(kube::ClientOptions options, const kube::Stop& stop) const;

  const std::string& ns() const { return ns_; }
  const std::string& context() const { return config_.context; }
  const kube::Cluster& cluster() const { return *cluster_; }

 private:
  Session(kube::UserConfig config, const kube::Stop& stop)
      : stop_(&stop), config_(std::move(config)) {}

  Result<void> use_credentials();

  const kube::Stop* stop_;
  kube::UserConfig config_;
  std::string ns_;
  std::shared_ptr<const kube::Cluster> cluster_;
  std::optional<Credential> credential_;  // of the plug-in
};

}  // namespace smc::kubectl
