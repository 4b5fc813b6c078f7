// `smc-node-init pod`: sets up SMC-R in the network namespace of the calling thread, step by step.
// Every step looks before it writes and reads back what it wrote, so that the command can be run
// twice, at the same time, or again after it was killed anywhere, with the same result.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/destinations.h"
#include "base/exit_code.h"
#include "node-init/kernel/destination_control.h"
#include "node-init/kernel/program_switch.h"
#include "node-init/kernel/system.h"
#include "node-init/pod/smc_connection_check.h"

namespace smc::node {

// kAuto: run it, but where it cannot come to a verdict (no right to make a namespace, no smc_diag,
// RDMA devices bound to one namespace) go on with a warning. kOn: that is a failure, too.
enum class SelfTestMode { kAuto, kOn, kOff };

// A node in the making has its agent within this time; a pod that falls back is held up no longer.
inline constexpr std::chrono::seconds kDefaultWait{60};

struct PodOptions {
  std::string pnetid;              // --pnetid; empty: choose
  std::string environment_pnetid;  // SMCR_PNET
  std::string interface;           // --interface; empty: choose
  Programs programs = Programs::kSwitch;
  SwitchChoice program_switch = SwitchChoice::kAuto;
  Destinations exclude_destinations;  // connections to them stay plain TCP
  // Who turns the BPF switch on, and who puts that list in force: the agent. Null, as in a pod: it
  // is waited for, each for this long at most.
  SwitchList* switch_list = nullptr;
  DestinationLists* lists = nullptr;
  std::chrono::milliseconds agent_wait = kDefaultWait;
  std::string node;       // for the hint of such a step; empty: not known
  std::string host_root;  // where /lib/modules of the node is, for a dry run; empty: /
  SelfTestMode self_test = SelfTestMode::kAuto;
  bool disable_ipv6 = false;
  bool dry_run = false;
  bool allow_host_network = false;
  // The self-test before anything is changed, and the switch last: where it finds TCP, or cannot be
  // made, the namespace stays as it was. So the agent does it, for a pod that waits (pod_wait.h).
  bool test_first = false;
  // Written to net.smc.… where given.
  std::optional<int> rmem;
  std::optional<int> wmem;
  std::optional<int> smcr_buf_type;
  std::optional<int> autocorking_size;
};

enum class StepOutcome { kOk, kChanged, kPlanned, kSkipped, kWarning, kFailed };
std::string_view outcome_name(StepOutcome outcome);

// Names of steps that others know.
inline constexpr std::string_view kNamespaceStep = "namespace";
inline constexpr std::string_view kDestinationsStep = "destinations";
inline constexpr std::string_view kSelfTestStep = "self-test";

// One line of the report.
struct PodStep {
  int number = 0;  // 1 to 6, as the manual counts them
  std::string_view name;
  StepOutcome outcome = StepOutcome::kOk;
  std::string text;
  std::string hint;  // never empty where something failed
};

struct PodReport {
  ExitCode code = ExitCode::kDone;  // before --on-failure is looked at
  std::vector<PodStep> steps;       // the last one failed unless code is kDone
  std::string pnetid;
  std::string pnetid_reason;
  std::string interface;
  std::string address;
  std::string device;
  std::string programs;  // how sockets become SMC here: "tcp2smc", "bpf", "ask" (IPPROTO_SMC)
  std::size_t excluded_destinations = 0;  // of those that are in force
  bool not_switched = false;              // it failed because there is no switch for the programs
  std::optional<SelfTestResult> self_test;
  // Of a pod that the agent sets up, see pod_wait.h:
  std::optional<std::chrono::milliseconds> waited;
  bool verified_by_agent = false;
};

// Until the next look at what the agent does: a tenth of what has been waited for, so that who is
// set up at once goes on at once, and a node full of pods that wait for long spends little on it.
std::chrono::milliseconds pause_after(std::chrono::milliseconds waited);
// Where to look when it did not.
std::string agent_hint(const std::string& node);

// `on_step` hears of each step as soon as it is over.
PodReport set_up_pod(System& system, const PodOptions& options,
                     const std::function<void(const PodStep&)>& on_step);

}  // namespace smc::node
