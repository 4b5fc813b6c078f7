// The pod to which a process belongs, read from the names of its control groups. Pure functions,
// safe on any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace smc::node {

// The pod's UID as the API server writes it, from the content of /proc/PID/cgroup; nothing for a
// process outside any pod. Understood, with control groups v1 and v2, absolute or seen from another
// control group namespace ("/../../…"):
//   cgroupfs driver        …/kubepods/burstable/pod0c6d…-…/CONTAINER
//   systemd driver         …/kubepods-burstable-pod0c6d…_….slice/cri-containerd-CONTAINER.scope
//   the two mixed          …/kubepods-burstable-pod0c6d…_….slice:cri-containerd:CONTAINER
//   static pods            a UID of 32 hexadecimal digits without dashes
// Of a pod inside a pod, the inner one.
std::optional<std::string> pod_uid_of_cgroups(std::string_view content);

}  // namespace smc::node
