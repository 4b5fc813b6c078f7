#include "node-init/agent/cluster/setup_watch.h"

#include <algorithm>
#include <utility>

namespace smc::node {
namespace {

bool leads_to_device(const NamespaceSetup& setup, const std::vector<std::string>& active) {
  return std::ranges::any_of(setup.pnetids, [&](const std::string& pnetid) {
    return std::ranges::find(active, pnetid) != active.end();
  });
}

std::optional<NotSetUp> judge_namespace(
    const NamespaceSetup& setup, const std::optional<std::vector<std::string>>& active_pnetids,
    Programs programs) {
  if (!setup.smc) return NotSetUp::kNoSmc;
  if (setup.pnetids.empty()) return NotSetUp::kNoPnetid;
  // Where the devices could not be read, no pod is blamed.
  if (active_pnetids && !leads_to_device(setup, *active_pnetids))
    return NotSetUp::kPnetidWithoutDevice;
  if (programs == Programs::kAsk || setup.programs_use_smc == true) return std::nullopt;
  return setup.programs_use_smc ? NotSetUp::kSwitchOff : NotSetUp::kNoProgramSwitch;
}

}  // namespace

std::string_view reason_name(NotSetUp reason) {
  switch (reason) {
    case NotSetUp::kNotInjected:
      return "not_injected";
    case NotSetUp::kNamespaceUnknown:
      return "namespace_unknown";
    case NotSetUp::kNoSmc:
      return "no_smc";
    case NotSetUp::kNoPnetid:
      return "no_pnetid";
    case NotSetUp::kPnetidWithoutDevice:
      return "pnetid_without_device";
    case NotSetUp::kNoProgramSwitch:
      return "no_switch";
    case NotSetUp::kSwitchOff:
      return "switch_off";
    case NotSetUp::kDestinationsNotExcluded:
      return "destinations_not_excluded";
    case NotSetUp::kStartedTooEarly:
      return "started_too_early";
  }
  return "?";
}

std::string_view reason_text(NotSetUp reason) {
  switch (reason) {
    case NotSetUp::kNotInjected:
      return "the webhook did not inject this pod: it was away, or left the pod alone (mesh "
             "switch, excluded namespace; its log says which); create the pod anew, or take the "
             "annotation away where that is meant";
    case NotSetUp::kNamespaceUnknown:
      return "the agent cannot look into this pod's network namespace; see the agent's log";
    case NotSetUp::kNoSmc:
      return "the node's kernel has no SMC loaded; see the Node's annotation "
             "smc.asm.alibabacloud.com/node";
    case NotSetUp::kNoPnetid:
      return "no interface of this pod has a pnetid; the termination message of its init container "
             "says why";
    case NotSetUp::kPnetidWithoutDevice:
      return "no active RDMA port of the node has this pod's pnetid; create the pod anew once the "
             "node is ready";
    case NotSetUp::kNoProgramSwitch:
      return "the node has no switch for existing programs (net.smc.tcp2smc, or the agent's BPF "
             "switch): their sockets stay TCP; where this pod's programs ask for SMC themselves, "
             "annotate it with smc.asm.alibabacloud.com/programs: ask";
    case NotSetUp::kSwitchOff:
      return "the switch is off in this pod (net.smc.tcp2smc is 0, or the agent's BPF switch has "
             "not been turned on; its log says why): new sockets stay TCP; create the pod anew";
    case NotSetUp::kDestinationsNotExcluded:
      return "connections to this pod's excluded destinations carry the SMC option like all "
             "others: "
             "the node's kernel has no net.smc.hs_ctrl (Linux 6.19), or another program's is in "
             "force; move the pod to a node that has it, or leave it on TCP";
    case NotSetUp::kStartedTooEarly:
      return "containers ran before the agent had set this pod up (it was away, or another "
             "injector "
             "put a container first), and sockets that they opened until then stay TCP; restart "
             "them, or create the pod anew";
  }
  return "?";
}

std::optional<NotSetUp> judge(const PodFacts& pod, const ScopeStats* stats,
                              const std::optional<std::vector<std::string>>& active_pnetids,
                              Programs programs) {
  if (pod.programs_ask) programs = Programs::kAsk;
  std::optional<NotSetUp> worst = NotSetUp::kNamespaceUnknown;
  if (stats != nullptr && !stats->setups.empty()) {
    // A pod may make namespaces of its own inside; the one that is furthest is the one it runs in.
    const auto rank = [](const std::optional<NotSetUp>& reason) {
      return reason ? static_cast<int>(*reason) : static_cast<int>(NotSetUp::kSwitchOff) + 1;
    };
    for (const NamespaceSetup& setup : stats->setups) {
      const auto found = judge_namespace(setup, active_pnetids, programs);
      if (rank(found) > rank(worst)) worst = found;
    }
  }
  if (worst && !pod.injected) return NotSetUp::kNotInjected;
  if (!worst && pod.wants_destinations &&
      std::ranges::none_of(stats->setups, &NamespaceSetup::excludes_destinations))
    return NotSetUp::kDestinationsNotExcluded;
  return worst;
}

std::vector<std::string> early_containers(const PodFacts& pod,
                                          const std::set<std::string>& groups) {
  std::vector<std::string> names;
  for (const auto& [id, name] : pod.containers) {
    if (name == pod.setup_container) continue;
    // "3f1c…", "cri-containerd-3f1c….scope", "crio-3f1c….scope"
    const auto is_its = [&id = id](const std::string& group) {
      return group.find(id) != std::string::npos;
    };
    if (std::ranges::any_of(groups, is_its)) names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

std::vector<Finding> SetupWatch::update(const std::vector<PodFacts>& pods,
                                        const Observation& observation, Clock::time_point now) {
  std::map<std::string, Clock::time_point> since;
  std::vector<Finding> findings;
  for (const PodFacts& pod : pods) {
    if (!pod.asks_for_smc || !pod.running || pod.host_network) continue;
    const auto stats = observation.pods.find(pod.cgroup_uid);
    auto reason = judge(pod, stats == observation.pods.end() ? nullptr : &stats->second,
                        observation.active_pnetids, programs_);
    std::vector<std::string> early;
    if (const auto groups = observation.early_containers.find(pod.cgroup_uid);
        !reason && groups != observation.early_containers.end())
      early = early_containers(pod, groups->second);
    if (!early.empty()) reason = NotSetUp::kStartedTooEarly;
    if (!reason) continue;
    const auto known = since_.find(pod.uid);
    const auto first = since[pod.uid] = known == since_.end() ? now : known->second;
    if (now - first >= grace_) findings.push_back({pod, *reason, std::move(early)});
  }
  since_ = std::move(since);
  return findings;
}

}  // namespace smc::node
