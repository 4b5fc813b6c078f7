// Which pods of this node the agent sets up, and how; the API server tells it.
#pragma once

#include <optional>
#include <string>

#include "node-init/agent/pod_observer.h"
#include "node-init/pod/pod.h"

namespace smc::node {

struct PodRequest {
  PodName name;
  PodOptions options;
  // Its privileged init container does all but what only the agent can: the BPF switch, the list of
  // excluded destinations.
  bool privileged = false;
};

// Safe on any thread.
class PodRequests {
 public:
  virtual ~PodRequests() = default;

  // By the UID in the names of control groups. Nothing for a pod that does not ask for it, may not
  // have it, or is not known (yet).
  virtual std::optional<PodRequest> request_of(const std::string& cgroup_uid) const = 0;
};

}  // namespace smc::node
