// Removes what agents wrote into the cluster: at an agent's end, and in the Job that runs
// before the release is deleted. For the main thread; each function blocks for as long as it says.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "kube/backoff.h"
#include "kube/client.h"
#include "node-init/agent/cluster/node_label.h"
#include "node-init/kernel/system.h"

namespace smc::node {

struct ObjectName {
  std::string ns;
  std::string name;

  bool empty() const { return name.empty(); }
};

struct RemovalOptions {
  NodeLabel label;
  kube::ClientOptions client;
  kube::Backoff::Limits backoff{std::chrono::milliseconds(200), std::chrono::seconds(2)};
  // Until then the API server is asked again where it is away.
  std::chrono::milliseconds timeout{20'000};
};

class Removal {
 public:
  Removal(System& system, std::shared_ptr<const kube::Cluster> cluster, RemovalOptions options);

  // Whether this DaemonSet is being deleted or gone, or no longer chooses this Node by its
  // nodeSelector. Otherwise an agent that ends is one that is replaced.
  kube::Outcome<bool> is_being_removed(const ObjectName& daemonset, const std::string& node);

  // Label and annotation of one Node; false where it had neither, or is gone.
  kube::Outcome<bool> clear(const std::string& node);

  // Deletes the DaemonSet, and returns once its pods are gone as well; an error where that takes
  // longer than the timeout.
  kube::Outcome<void> delete_daemonset(const ObjectName& daemonset);

  // Every Node that still has label or annotation; how many did.
  kube::Outcome<std::size_t> clear_all();

 private:
  template <class T>
  kube::Outcome<T> retry(const std::function<kube::Outcome<T>()>& attempt);
  kube::Outcome<bool> chooses(const nlohmann::json& daemonset, const std::string& node);
  kube::Outcome<std::size_t> clear_page(std::string& token);

  System& system_;  // for its clock
  RemovalOptions options_;
  kube::Stop stop_;
  kube::Client client_;
  Clock::time_point deadline_;
};

}  // namespace smc::node
