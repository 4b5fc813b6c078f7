// The pod to which a process belongs, read from the names of its control groups. Pure functions,
// safe on any thread.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace smc::node {

// The control groups that the agent itself is in. What lies above its own pod is above every pod of
// this cluster: where the whole node runs inside a pod of another cluster, that pod's name is
// there.
class AgentCgroups {
 public:
  AgentCgroups() = default;  // of an agent at the root
  // The content of its /proc/self/cgroup.
  explicit AgentCgroups(std::string_view content);

  // Above the agent's pod, in the hierarchy "ID:CONTROLLERS:"; "" where the agent is in no pod.
  std::string_view above_pod(std::string_view hierarchy) const;

 private:
  std::map<std::string, std::string, std::less<>> above_;
};

// The pod's UID as the API server writes it, from the content of /proc/PID/cgroup; nothing for a
// process outside any pod. Understood, with control groups v1 and v2, absolute or seen from another
// control group namespace ("/../../…"):
//   cgroupfs driver        …/kubepods/burstable/pod0c6d…-…/CONTAINER
//   systemd driver         …/kubepods-burstable-pod0c6d…_….slice/cri-containerd-CONTAINER.scope
//   the two mixed          …/kubepods-burstable-pod0c6d…_….slice:cri-containerd:CONTAINER
//   static pods            a UID of 32 hexadecimal digits without dashes
// The outermost one below `agent`: a pod that may make control groups makes them below its own, and
// cannot pass for another pod by their names.
std::optional<std::string> pod_uid_of_cgroups(std::string_view content,
                                              const AgentCgroups& agent = {});

// The pod's UID that one component of such a path names, as the API server writes it.
std::optional<std::string> pod_uid_of_component(std::string_view component);

}  // namespace smc::node
