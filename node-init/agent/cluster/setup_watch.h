// Which running pods ask for SMC and run without, and why: what the API server says of a pod held
// against what its network namespace has. One thread.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/pod_arguments.h"
#include "node-init/agent/cluster/pod_facts.h"
#include "node-init/agent/pod_observer.h"
#include "node-init/kernel/system.h"

namespace smc::node {

// The first that holds; a pod whose namespace is set up has none, whoever did it.
enum class NotSetUp {
  kNotInjected,          // the webhook was never asked about the pod, or left it alone
  kNamespaceUnknown,     // no process of the pod leads to a namespace that could be read
  kNoSmc,                // the kernel's SMC is not loaded
  kNoPnetid,             // no interface of it has a pnetid
  kPnetidWithoutDevice,  // no active RDMA port has the pnetid that the interface has
  // Neither of these where the programs ask for SMC themselves:
  kNoProgramSwitch,  // the kernel has no switch for existing programs
  kSwitchOff,        // it has one, which is off here
  // It is set up, but its excluded destinations are not excluded.
  kDestinationsNotExcluded,
  // It is set up, but containers ran before: sockets that they opened then stay TCP.
  kStartedTooEarly,
};
std::string_view reason_name(NotSetUp reason);  // "not_injected", …: metric label
std::string_view reason_text(NotSetUp reason);  // a sentence with what to do, for people

// The state of one pod that asks for SMC; nothing: it is set up. `stats` may be null. `programs`:
// of this node; a pod may say kAsk for itself.
std::optional<NotSetUp> judge(const PodFacts& pod, const ScopeStats* stats,
                              const std::optional<std::vector<std::string>>& active_pnetids,
                              Programs programs = Programs::kSwitch);

// Of `groups`, the control groups that were there before the namespace was set up, the pod's own
// containers by name; not the one that waits for the set-up.
std::vector<std::string> early_containers(const PodFacts& pod, const std::set<std::string>& groups);

struct Finding {
  PodFacts pod;
  NotSetUp reason = NotSetUp::kNotInjected;
  std::vector<std::string> containers;  // with kStartedTooEarly
};

class SetupWatch {
 public:
  // Three looks into the pods: the agent may see a pod before all of its namespace is there, and
  // the API server may send a change late.
  static constexpr std::chrono::seconds kGrace{30};

  explicit SetupWatch(Clock::duration grace, Programs programs = Programs::kSwitch)
      : grace_(grace), programs_(programs) {}

  // Those that have not been set up for the whole of the grace period. Not asked about pods in the
  // node's own network, which belong to nobody's set-up, and pods that do not run.
  std::vector<Finding> update(const std::vector<PodFacts>& pods, const Observation& observation,
                              Clock::time_point now);

 private:
  Clock::duration grace_;
  Programs programs_;
  std::map<std::string, Clock::time_point> since_;  // by UID
};

}  // namespace smc::node
