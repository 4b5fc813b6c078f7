// The network namespaces of a node and the pods they belong to, found through /proc: that works for
// every container runtime, and needs no access to its socket. Safe on any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "node-init/kernel/system.h"

namespace smc::node {

// A pod may make as many namespaces as it likes and has a process in each; the kubelet's own limit
// is 110 pods a node, large nodes run 500.
inline constexpr std::size_t kMaxPodNamespaces = 1'000;

struct PodNamespace {
  std::uint64_t inode = 0;
  std::string pod_uid;
  // /proc/PID/ns/net of some of its processes, any of which may end at any time.
  std::vector<std::string> ns_paths;
};

struct NetNamespaces {
  std::uint64_t node_inode = 0;       // the one of PID 1
  std::vector<PodNamespace> of_pods;  // by inode, each once, never the node's own
  std::size_t dropped = 0;            // of pods, beyond kMaxPodNamespaces
};

// Processes that go away meanwhile are no error; only a /proc that cannot be listed, or whose
// PID 1 has no namespace to see, is.
Result<NetNamespaces> find_net_namespaces(System& system);

// The number in "net:[4026531840]".
std::optional<std::uint64_t> namespace_inode(const std::string& link);

// Runs `body` inside. False where the namespace is gone, which is no error.
Result<bool> inside(System& system, const PodNamespace& pod,
                    const std::function<Result<void>()>& body);

}  // namespace smc::node
