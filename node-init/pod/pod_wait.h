// `smc-node-init pod --by-agent`: waits until the node's agent has set up the calling thread's
// network namespace, and judges that by what anyone may read. Changes nothing, loads nothing, and
// needs no privilege: what it asks is open to every user since Linux 5.7. Safe on any thread.
//
// The agent makes its self-test before it changes anything and turns the switch on last (PodOptions
// ::test_first), so a switch that is on says that the test found SMC-R: the result is "verified".
// Programs that ask for SMC themselves need no switch, and nothing here shows whether the pnetid is
// the agent's: "set-up".
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "node-init/kernel/system.h"
#include "node-init/pod/pod.h"

namespace smc::node {

struct WaitOptions {
  std::chrono::milliseconds wait = kDefaultWait;
  std::string node;  // for the error's hint; empty: not known
};

// The namespace as it is, held against what `options` ask for.
PodReport judge_pod(System& system, const PodOptions& options);
// Whether such a report finds nothing missing.
bool is_set_up(const PodReport& report);

// Until is_set_up(), for `waiting.wait` at most; then kNotPossible, and the last step names what is
// missing. The namespace of the node itself is not waited for.
PodReport wait_for_agent(System& system, const PodOptions& options, const WaitOptions& waiting,
                         const std::function<void(const PodStep&)>& on_step);

}  // namespace smc::node
