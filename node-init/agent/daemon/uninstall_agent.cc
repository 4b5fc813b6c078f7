#include <cerrno>
#include <chrono>
#include <cstdio>
#include <memory>
#include <vector>

#include "base/log.h"
#include "node-init/agent/cluster/removal.h"
#include "node-init/agent/daemon/agent_command.h"
#include "node-init/agent/destination_removal.h"
#include "node-init/agent/node_setup.h"

namespace smc::node {
namespace {

// Well within the 30 s that a DaemonSet's pods have to end; a round of the agent may come before.
constexpr std::chrono::seconds kCleanupTimeout{20};

// Marks the record first, so that an agent that is still running does not set up again what is
// removed here.
Result<void> remove_all_own(System& system, const OwnRecordFile& file, const AgentCommand& command,
                            std::vector<std::string>& removed) {
  const auto lock = file.lock(system, kLockTimeout);
  if (!lock) return lock.error();
  auto record = file.load();
  if (!record) return record.error();
  record->uninstalled = true;
  auto tables = remove_own_setup(system, file, *record, removed);
  BpfSwitch* bpf = command.agent.round.bpf;
  const auto was = bpf == nullptr ? Result<bool>(false) : bpf->remove();
  if (was && *was) removed.emplace_back("the BPF switch");
  const auto lists = command.lists == nullptr
                         ? Result<bool>(false)
                         : remove_excluded_destinations(system, *command.lists);
  if (lists && *lists) removed.emplace_back("the excluded destinations of the pods");
  if (!tables) return tables;
  if (!was) return was.error();
  if (!lists) return lists.error();
  return {};
}

// What an API server answers has a hint only where we know better than it.
void print_api_error(const kube::ApiError& error) {
  Error plain = error.plain();
  if (plain.hint.empty()) plain.hint = "the API server's log says more";
  fail(ExitCode::kRefused, plain);
}

// Of this node's Node, where there is a cluster to ask.
Result<void> clear_own_node(System& system, const ClusterFlags& flags) {
  const auto cluster = find_cluster_of_node(flags);
  if (!cluster) return cluster.error();
  if (!*cluster) return {};
  Removal removal(system, *cluster, removal_options(flags, kCleanupTimeout));
  const auto cleared = removal.clear(flags.node);
  if (!cleared) return cleared.error().plain();
  if (*cleared) std::printf("removed label and annotation of Node %s\n", flags.node.c_str());
  return {};
}

ExitCode uninstall_everywhere(System& system, const ClusterFlags& flags) {
  const auto daemonset = parse_object_name(flags.daemonset);
  const auto cluster = find_cluster(flags);
  if (!daemonset || !cluster)
    return fail(ExitCode::kNotPossible, !daemonset ? daemonset.error() : cluster.error());
  if (!*cluster)
    return fail(ExitCode::kNotPossible,
                {"--daemonset needs a cluster", 0, "run it in a pod, or give --kubeconfig"});
  Removal removal(system, *cluster, removal_options(flags, std::chrono::seconds(flags.timeout_s)));
  const auto removed = removal.delete_daemonset(*daemonset);
  // Also where agents are left: what can be cleared is.
  const auto cleared = removal.clear_all();
  if (cleared) std::printf("removed label and annotation of %zu Nodes without agent\n", *cleared);
  if (!removed) print_api_error(removed.error());
  if (!cleared) print_api_error(cleared.error());
  if (!removed || !cleared) return ExitCode::kRefused;
  std::printf("DaemonSet %s and its agents are gone\n", flags.daemonset.c_str());
  return ExitCode::kDone;
}

}  // namespace

void clean_up_at_exit(System& system, const OwnRecordFile& file, const AgentCommand& command,
                      const std::shared_ptr<const kube::Cluster>& cluster) {
  const ClusterFlags& flags = command.cluster;
  const auto daemonset = parse_object_name(flags.daemonset);
  if (!cluster || !daemonset) return;
  Removal removal(system, cluster, removal_options(flags, kCleanupTimeout));
  const auto removing = removal.is_being_removed(*daemonset, flags.node);
  if (!removing)
    return log::error("leaves everything as it is: whether another agent comes is not known",
                      removing.error().plain());
  if (!*removing) return log::info("leaves everything to the next agent");
  if (const auto cleared = removal.clear(flags.node); !cleared)
    log::error("the Node keeps its label", cleared.error().plain());
  std::vector<std::string> removed;
  const auto done = remove_all_own(system, file, command, removed);
  for (const std::string& one : removed) log::info("removed", {{"what", one}});
  if (!done) log::error("not everything could be removed", done.error());
}

ExitCode uninstall_agent(System& system, const AgentCommand& command) {
  if (!command.cluster.daemonset.empty()) return uninstall_everywhere(system, command.cluster);
  const auto file = open_record(system, command.state_directory);
  if (!file) return fail(ExitCode::kNotPossible, file.error());
  std::vector<std::string> removed;
  const auto done = remove_all_own(system, *file, command, removed);
  for (const std::string& one : removed) std::printf("removed %s\n", one.c_str());
  if (removed.empty() && done) std::puts("nothing of its own is set up on this node");
  // After the record says so: a running agent would put the label back.
  const auto cleared = clear_own_node(system, command.cluster);
  if (!done)
    return fail(done.error().code == EBADMSG ? ExitCode::kNotPossible : ExitCode::kRefused,
                done.error());
  if (!cleared) return fail(ExitCode::kRefused, cleared.error());
  return ExitCode::kDone;
}

}  // namespace smc::node
