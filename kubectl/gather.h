// Reads what `check` judges. One thread; every list is read in pages and is bounded.
#pragma once

#include <functional>
#include <string>

#include "kubectl/session.h"
#include "kubectl/snapshot.h"

namespace smc::kubectl {

struct GatherOptions {
  std::string ns;                 // of the pods that are looked at; empty: all namespaces
  std::string release_namespace;  // empty: found
  std::string dry_run_namespace;  // where the pod of the dry run would be
  // Each is two questions through the API server, some milliseconds each: a minute.
  std::size_t max_agents = 500;
  // Pods whose sockets are asked for, to name the peers of their fallbacks.
  std::size_t max_socket_pods = 50;
};

// The first error that leaves nothing to judge is returned: no API server, or no right at all.
// Others stay in the snapshot. `on_step` hears what comes next.
kube::Outcome<Snapshot> gather(const Session& session, const GatherOptions& options,
                               const std::function<void(const std::string&)>& on_step);

// The pod of the dry run: annotated, and such that no policy has a reason of its own to refuse it.
nlohmann::json dry_run_pod(const std::string& ns, const std::string& suffix);

// "name{labels} value" lines of Prometheus' text format.
Metrics parse_metrics(std::string_view text);

}  // namespace smc::kubectl
