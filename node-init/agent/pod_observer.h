// Looks into the network namespace of every pod of the node and keeps what SMC did there. One
// thread; each namespace is entered on a thread of its own, so the caller's never moves.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "node-init/agent/namespace_setup.h"
#include "node-init/agent/net_namespaces.h"
#include "node-init/agent/peer_history.h"
#include "node-init/agent/smc_counts.h"
#include "node-init/kernel/system.h"

namespace smc::node {

// Who a pod is, for readers; the API server tells it.
struct PodName {
  std::string ns;
  std::string name;
};

// The pods of this node by their UID. Safe on any thread.
class PodDirectory {
 public:
  virtual ~PodDirectory() = default;
  // Empty names where it is not known (yet).
  virtual PodName name_of(const std::string& uid) const = 0;
};

struct ScopeStats {
  SmcCounts counts;
  SocketCounts sockets;
  std::vector<NamespaceSetup> setups;  // one a namespace that could be read
};

struct Observation {
  ScopeStats node;                             // its own namespace, which hostNetwork pods share
  std::map<std::string, ScopeStats> pods;      // by UID
  std::map<std::string, PodNamespace> spaces;  // by UID each pod's own, the oldest, as it was found
  std::size_t namespaces = 0;                  // of pods, that were looked into
  // Namespaces that were not looked into, by pod: beyond its share, or beyond the limit.
  std::map<std::string, std::size_t> dropped;
  std::size_t problems = 0;  // namespaces of which something could not be read
  std::string problem;       // the first of them
  // Of the active ports of SMC's devices; nothing where they could not be read.
  std::optional<std::vector<std::string>> active_pnetids;
  // By pod the names of the control groups of containers that ran before this agent had set the
  // pod's namespace up, see pod_setups.h.
  std::map<std::string, std::set<std::string>> early_containers;
};

class PodObserver {
 public:
  explicit PodObserver(System& system) : system_(system) {}

  // The totals go on from the last call; a pod without a namespace left is forgotten. `stop` is
  // asked between two namespaces and ends the round early, with the totals of the last one kept.
  Result<Observation> observe(const std::function<bool()>& stop);

 private:
  struct Pod {
    std::map<std::uint64_t, NamespaceTotals> live;  // by inode
    SmcCounts gone;                                 // of its namespaces that went away
    SocketCounts sockets;                           // at this round
    std::vector<NamespaceSetup> setups;             // at this round
  };

  void drop_ended(const NetNamespaces& found);
  void observe_namespace(const PodNamespace& space, Observation& observation);
  void observe_node(Observation& observation);

  System& system_;
  PeerHistory peers_;
  NamespaceTotals node_;
  std::map<std::string, Pod> pods_;  // by UID
};

}  // namespace smc::node
