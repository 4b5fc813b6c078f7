// The network namespaces of a node and the pods they belong to, found through /proc: that works for
// every container runtime, and needs no access to its socket. Safe on any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "node-init/kernel/system.h"

namespace smc::node {

// Each namespace is entered at every look, and each pod has series of its own. The kubelet's own
// limit is 110 pods a node, large nodes run 500, and each has one namespace.
inline constexpr std::size_t kMaxPodNamespaces = 1'000;

// A pod may make namespaces by the thousand (`unshare --net`); more than a few are nobody's that
// talks by SMC-R. A share for each pod, and each pod's first before any pod's second, so that none
// of them crowds out another.
inline constexpr std::size_t kMaxNamespacesOfPod = 8;

struct PodNamespace {
  std::uint64_t inode = 0;
  std::string pod_uid;
  // /proc/PID/ns/net of some of its processes, any of which may end at any time.
  std::vector<std::string> ns_paths;
  // Of the first of them, in clock ticks since the boot. The oldest namespace of a pod is its own:
  // nothing of the pod runs before its sandbox.
  std::uint64_t started = 0;
};

struct NetNamespaces {
  std::uint64_t node_inode = 0;       // the one of PID 1
  std::vector<PodNamespace> of_pods;  // each once, never the node's own
  // Of pods, beyond the limits above; how many of each.
  std::map<std::string, std::size_t> dropped;
};

// Processes that go away meanwhile are no error; only a /proc that cannot be listed, or whose
// PID 1 has no namespace to see, is.
Result<NetNamespaces> find_net_namespaces(System& system);

// Every namespace that has processes, whoever's, by inode, each with one of its paths.
Result<std::map<std::uint64_t, std::string>> all_net_namespaces(System& system);
// Their inodes.
Result<std::set<std::uint64_t>> live_net_namespaces(System& system);

// The namespace that the pod was made in: of these of its processes ("1234"), the oldest one's.
// Nothing while they are in the node's own, as those of a sandbox that is being made, or are gone,
// or belong to another pod.
std::optional<PodNamespace> find_pod_namespace(System& system, const std::string& uid,
                                               const std::vector<std::string>& processes);

// When the process started, from the content of /proc/PID/stat (proc(5), field 22).
std::optional<std::uint64_t> process_start(std::string_view stat);

// The number in "net:[4026531840]".
std::optional<std::uint64_t> namespace_inode(const std::string& link);

// Runs `body` inside. False where the namespace is gone, which is no error.
Result<bool> inside(System& system, const PodNamespace& pod,
                    const std::function<Result<void>()>& body);

}  // namespace smc::node
