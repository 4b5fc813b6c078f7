#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>

#include "base/error_text.h"
#include "base/event_fd.h"
#include "base/host_port.h"
#include "base/log.h"
#include "base/version.h"
#include "http/probe_server.h"
#include "node-init/agent/cluster/cluster_side.h"
#include "node-init/agent/cluster/setup_policy.h"
#include "node-init/agent/daemon/agent_api.h"
#include "node-init/agent/daemon/agent_command.h"
#include "node-init/agent/daemon/stop_signal.h"
#include "node-init/agent/node_round.h"
#include "node-init/agent/pod_setup_thread.h"
#include "node-init/agent/pod_setups.h"
#include "node-init/kernel/sysctl.h"

namespace smc::node {
namespace {

// Without names: used where no API server is asked.
class NoDirectory final : public PodDirectory {
 public:
  PodName name_of(const std::string&) const override { return {}; }
};

ExitCode run_once(System& system, const OwnRecordFile& file, const RoundOptions& options) {
  const NodeReport report = run_node_round(system, file, options);
  std::fputs(report_text(report, options.dry_run).c_str(), stdout);
  return report.exit_code();
}

// The agent's side towards the cluster, and the pods that it sets up as the cluster tells it.
struct ClusterParts {
  ClusterParts(System& system, const std::shared_ptr<const kube::Cluster>& cluster,
               const AgentCommand& command)
      : side(system, cluster, options(command, cluster)),
        lists(*command.lists),
        requests(side.pods(), side.mesh(), command.cluster.policy),
        setups(system, command.agent.round.host_root + "/sys/fs/cgroup", requests, requests_changed,
               lists, command.agent.round.bpf),
        thread(system, setups) {}

  ClusterOptions options(const AgentCommand& command,
                         const std::shared_ptr<const kube::Cluster>& cluster) {
    ClusterOptions options = cluster_options(command.cluster, cluster);
    options.programs = command.agent.round.programs;
    options.on_change = [this] { requests_changed.raise(); };
    return options;
  }

  void join(AgentOptions& agent) {
    agent.complete = [this](AgentSnapshot& snapshot) {
      snapshot.observation.early_containers = setups.early_containers();
      snapshot.counters.pods = setups.counters();
      snapshot.destinations =
          snapshot.report.uninstalled ? std::nullopt : std::optional(lists.use());
    };
    agent.on_publish = [this](const std::shared_ptr<const AgentSnapshot>& snapshot) {
      side.published(snapshot);
      setups.round_ended(snapshot->report.ready(), !snapshot->report.uninstalled);
    };
  }

  EventFd requests_changed;
  ClusterSide side;
  DestinationLists& lists;
  PolicyRequests requests;
  PodSetups setups;
  PodSetupThread thread;
};

AgentApiSources api_sources(const Agent& agent, const ClusterSide* side,
                            const AgentCommand& command) {
  AgentApiSources sources;
  sources.node = command.cluster.node;
  sources.programs = command.agent.round.programs;
  sources.snapshot = [&agent] { return agent.snapshot(); };
  // Without an API server nobody knows names of pods.
  sources.pods = [side] { return side == nullptr ? std::vector<PodFacts>() : side->pods().pods(); };
  sources.findings = [side] { return side == nullptr ? std::vector<Finding>() : side->findings(); };
  return sources;
}

void add_status_pages(http::ProbeServer& server, const Agent& agent, const ClusterSide* side) {
  server.get("/healthz", [&agent] { return http::state_reply(agent.unhealthy(), "ok\n"); });
  server.get("/readyz", [&agent] { return http::state_reply(agent.not_ready(), "ok\n"); });
  server.get("/metrics", [&agent, side] {
    return http::Reply{200, agent.metrics() + (side == nullptr ? "" : side->metrics()),
                       http::kPrometheusText};
  });
}

ExitCode run_daemon(System& system, const OwnRecordFile& file, const AgentCommand& command) {
  const auto wanted = parse_host_port(command.listen);
  if (!wanted) return fail(ExitCode::kUsage, wanted.error());
  const auto cluster = find_cluster_of_node(command.cluster);
  if (!cluster) return fail(ExitCode::kNotPossible, cluster.error());
  std::optional<StopSignal> stop(std::in_place);
  std::unique_ptr<ClusterParts> parts;
  if (*cluster) parts = std::make_unique<ClusterParts>(system, *cluster, command);
  AgentOptions options = command.agent;
  options.period = std::chrono::seconds(command.period_s);
  if (parts) parts->join(options);
  const NoDirectory no_names;
  Agent agent(system, file, std::move(options),
              parts ? static_cast<const PodDirectory&>(parts->side.pods()) : no_names);
  AgentApi api(system, api_sources(agent, parts ? &parts->side : nullptr, command),
               command.access_token_file);
  http::ProbeServer server;
  api.add_to(server);
  add_status_pages(server, agent, parts ? &parts->side : nullptr);
  const auto address = server.start(*wanted, "--listen");
  // Without an errno it is no address.
  if (!address)
    return fail(address.error().code == 0 ? ExitCode::kUsage : ExitCode::kRefused, address.error());
  // Whoever asks for port 0 learns the port here alone, at any level.
  const auto log_start = wanted->port == 0 ? log::always : log::info;
  log_start("started", {{"version", kVersion},
                        {"listen", address->text()},
                        {"cluster", *cluster ? (*cluster)->origin : "none"}});
  agent.run(stop->fd());
  stop.reset();  // what comes now is not to be cut off
  server.stop();
  parts.reset();  // from here on nobody sets the label, nor a pod up
  clean_up_at_exit(system, file, command, *cluster);
  log::info("stopped");
  return ExitCode::kDone;
}

}  // namespace

ExitCode fail(ExitCode code, const Error& error) {
  Error with_hint = error;
  if (with_hint.hint.empty()) with_hint.hint = "run it as root on the node";
  print_error("smc-node-agent", with_hint);
  return code;
}

Result<OwnRecordFile> open_record(System& system, const std::string& directory) {
  const auto boot_id = read_sysctl(system, "/proc/sys/kernel/random/boot_id");
  if (!boot_id) return boot_id.error();
  return OwnRecordFile(directory, boot_id->value_or(""));
}

ExitCode run_agent(System& system, const AgentCommand& command) {
  const auto file = open_record(system, command.state_directory);
  if (!file) return fail(ExitCode::kNotPossible, file.error());
  const RoundOptions& options = command.agent.round;
  if (!options.dry_run)
    if (const auto resumed = resume_after_uninstall(system, *file); resumed && *resumed)
      log::info("sets the node up again, after uninstall");
  if (command.once || options.dry_run) return run_once(system, *file, options);
  return run_daemon(system, *file, command);
}

}  // namespace smc::node
