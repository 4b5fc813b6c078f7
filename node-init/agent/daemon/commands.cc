#include "node-init/agent/daemon/commands.h"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/error_text.h"
#include "base/host_port.h"
#include "base/limited_server.h"
#include "base/log.h"
#include "base/version.h"
#include "node-init/agent/daemon/stop_signal.h"
#include "node-init/agent/node_round.h"
#include "node-init/agent/own_record.h"
#include "node-init/kernel/sysctl.h"

namespace smc::node {
namespace {

constexpr std::chrono::seconds kLockTimeout{5};

// Well within the 30 s that a DaemonSet's pods have to end; a round of the agent may come before.
constexpr std::chrono::seconds kFarewell{20};

// Without names: used where no API server is asked.
class NoDirectory final : public PodDirectory {
 public:
  PodName name_of(const std::string&) const override { return {}; }
};

ExitCode fail(ExitCode code, const Error& error) {
  Error said = error;
  if (said.hint.empty()) said.hint = "run it as root on the node";
  print_error("smc-node-agent", said);
  return code;
}

Result<OwnRecordFile> open_record(System& system, const std::string& directory) {
  const auto boot_id = read_sysctl(system, "/proc/sys/kernel/random/boot_id");
  if (!boot_id) return boot_id.error();
  return OwnRecordFile(directory, boot_id->value_or(""));
}

ExitCode run_once(System& system, const OwnRecordFile& file, const RoundOptions& options) {
  const NodeReport report = run_node_round(system, file, options);
  std::fputs(report_text(report, options.dry_run).c_str(), stdout);
  return report.exit_code();
}

// Marks the record first, so that an agent that is still running leaves alone what is taken back.
Result<void> take_back_all(System& system, const OwnRecordFile& file,
                           std::vector<std::string>& undone) {
  const auto lock = file.lock(kLockTimeout);
  if (!lock) return lock.error();
  auto record = file.load();
  if (!record) return record.error();
  record->stood_down = true;
  return take_back(system, file, *record, undone);
}

Result<std::shared_ptr<const kube::Cluster>> cluster_of_node(const ClusterCommand& command) {
  auto cluster = find_agents_cluster(command);
  if (!cluster || !*cluster || !command.node.empty()) return cluster;
  log::warn("works without the cluster: no label, no names of pods",
            {{"hint", "name the Node with --node-name or NODE_NAME"}});
  return std::shared_ptr<const kube::Cluster>();
}

ExitCode run_daemon(System& system, const OwnRecordFile& file, const AgentCommand& command) {
  const auto wanted = parse_host_port(command.listen);
  if (!wanted) return fail(ExitCode::kUsage, wanted.error());
  const auto cluster = cluster_of_node(command.cluster);
  if (!cluster) return fail(ExitCode::kNotPossible, cluster.error());
  std::optional<StopSignal> stop(std::in_place);
  std::unique_ptr<ClusterSide> side;
  if (*cluster) side = std::make_unique<ClusterSide>(*cluster, cluster_options(command.cluster));
  AgentOptions options = command.agent;
  options.period = std::chrono::seconds(command.period_s);
  if (side) options.on_publish = [&side](const auto& snapshot) { side->published(snapshot); };
  const NoDirectory nobody;
  Agent agent(system, file, std::move(options), side ? side->pods() : nobody);
  LimitedServer server;
  server.get("/healthz", [&agent] { return StatusAnswer::of(agent.ailing(), "ok\n"); });
  server.get("/readyz", [&agent] { return StatusAnswer::of(agent.not_ready(), "ok\n"); });
  server.get("/metrics", [&] {
    return StatusAnswer::metrics(agent.metrics() + (side ? side->metrics() : ""));
  });
  const auto address = server.start(*wanted, "choose another address with --listen");
  // Without an errno it is no address.
  if (!address)
    return fail(address.error().code == 0 ? ExitCode::kUsage : ExitCode::kRefused, address.error());
  // Whoever asks for port 0 learns the port here alone, at any level.
  const auto say = wanted->port == 0 ? log::always : log::info;
  say("started", {{"version", kVersion},
                  {"listen", address->text()},
                  {"cluster", *cluster ? (*cluster)->origin : "none"}});
  agent.run(stop->fd());
  stop.reset();  // what comes now is not to be cut off
  server.stop();
  side.reset();  // from here on nobody sets the label
  take_leave(system, file, command.cluster, *cluster);
  log::info("stopped");
  return ExitCode::kDone;
}

// What an API server answers has a hint only where we know better than it.
void say(const kube::ApiError& error) {
  Error plain = error.plain();
  if (plain.hint.empty()) plain.hint = "the API server's log says more";
  fail(ExitCode::kRefused, plain);
}

// Of this node's Node, where there is a cluster to ask.
Result<void> clear_own_node(const ClusterCommand& command) {
  const auto cluster = cluster_of_node(command);
  if (!cluster) return cluster.error();
  if (!*cluster) return {};
  const auto cleared = Removal(*cluster, removal_options(command, kFarewell)).clear(command.node);
  if (!cleared) return cleared.error().plain();
  if (*cleared) std::printf("removed label and annotation of Node %s\n", command.node.c_str());
  return {};
}

ExitCode uninstall_everywhere(const ClusterCommand& command) {
  const auto daemonset = parse_object_name(command.daemonset);
  const auto cluster = find_agents_cluster(command);
  if (!daemonset || !cluster)
    return fail(ExitCode::kNotPossible, !daemonset ? daemonset.error() : cluster.error());
  if (!*cluster)
    return fail(ExitCode::kNotPossible,
                {"--daemonset needs a cluster", 0, "run it in a pod, or give --kubeconfig"});
  Removal removal(*cluster, removal_options(command, std::chrono::seconds(command.timeout_s)));
  const auto removed = removal.remove(*daemonset);
  // Also where agents are left: what can be cleared is.
  const auto cleared = removal.clear_all();
  if (cleared) std::printf("removed label and annotation of %zu Nodes without agent\n", *cleared);
  if (!removed) say(removed.error());
  if (!cleared) say(cleared.error());
  if (!removed || !cleared) return ExitCode::kRefused;
  std::printf("DaemonSet %s and its agents are gone\n", command.daemonset.c_str());
  return ExitCode::kDone;
}

}  // namespace

void take_leave(System& system, const OwnRecordFile& file, const ClusterCommand& command,
                const std::shared_ptr<const kube::Cluster>& cluster) {
  const auto daemonset = parse_object_name(command.daemonset);
  if (!cluster || !daemonset) return;
  Removal removal(cluster, removal_options(command, kFarewell));
  const auto going = removal.is_going(*daemonset, command.node);
  if (!going)
    return log::error("leaves everything as it is: whether another agent comes is not known",
                      going.error().plain());
  if (!*going) return log::info("leaves everything to the next agent");
  if (const auto cleared = removal.clear(command.node); !cleared)
    log::error("the Node keeps its label", cleared.error().plain());
  std::vector<std::string> undone;
  const auto done = take_back_all(system, file, undone);
  for (const std::string& one : undone) log::info("removed", {{"what", one}});
  if (!done) log::error("not everything could be taken back", done.error());
}

ExitCode run_agent(System& system, const AgentCommand& command) {
  const auto file = open_record(system, command.state_directory);
  if (!file) return fail(ExitCode::kNotPossible, file.error());
  const RoundOptions& options = command.agent.round;
  if (!options.dry_run)
    if (const auto back = take_up_duty(*file); back && *back)
      log::info("sets the node up again, after uninstall");
  if (command.once || options.dry_run) return run_once(system, *file, options);
  return run_daemon(system, *file, command);
}

ExitCode uninstall_agent(System& system, const AgentCommand& command) {
  if (!command.cluster.daemonset.empty()) return uninstall_everywhere(command.cluster);
  const auto file = open_record(system, command.state_directory);
  if (!file) return fail(ExitCode::kNotPossible, file.error());
  std::vector<std::string> undone;
  const auto done = take_back_all(system, *file, undone);
  for (const std::string& one : undone) std::printf("removed %s\n", one.c_str());
  if (undone.empty() && done) std::puts("nothing of its own is set up on this node");
  // After the record says so: a running agent would put the label back.
  const auto cleared = clear_own_node(command.cluster);
  if (!done)
    return fail(done.error().code == EBADMSG ? ExitCode::kNotPossible : ExitCode::kRefused,
                done.error());
  if (!cleared) return fail(ExitCode::kRefused, cleared.error());
  return ExitCode::kDone;
}

}  // namespace smc::node
