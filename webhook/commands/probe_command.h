// `smc-webhook probe`: is an annotated pod of this cluster rewritten? A server-side dry run of one,
// and a look at what comes back. What `helm test` runs; nothing is left behind. One thread.
#pragma once

#include <chrono>
#include <iosfwd>
#include <memory>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "kube/cluster.h"
#include "kube/stop.h"

namespace smc::webhook {

struct ProbeOptions {
  std::string ns = "default";  // one that the webhook sees
  std::string container = "smc-init";
  // An API server hears of a new webhook's endpoints within seconds.
  std::chrono::milliseconds patience{30'000};
  std::chrono::milliseconds pause{1'000};  // between two tries
};

// What is wrong with the pod that the API server would create; empty: nothing.
std::string probe_problem(const nlohmann::json& pod, const std::string& container);

// Tries until the pod is as it should be or `patience` is over. Returns the exit code: 0 rewritten
// (and said so on `out`), 2 not (why, and a hint, on `err`).
int probe_command(std::shared_ptr<const kube::Cluster> cluster, const ProbeOptions& options,
                  const kube::Stop& stop, std::ostream& out, std::ostream& err);

}  // namespace smc::webhook
