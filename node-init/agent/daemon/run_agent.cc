#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>

#include "base/error_text.h"
#include "base/host_port.h"
#include "base/log.h"
#include "base/version.h"
#include "http/probe_server.h"
#include "node-init/agent/cluster/cluster_side.h"
#include "node-init/agent/daemon/agent_command.h"
#include "node-init/agent/daemon/stop_signal.h"
#include "node-init/agent/node_round.h"
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
  std::unique_ptr<ClusterSide> side;
  if (*cluster) {
    ClusterOptions cluster_side = cluster_options(command.cluster);
    cluster_side.programs = command.agent.round.programs;
    side = std::make_unique<ClusterSide>(system, *cluster, std::move(cluster_side));
  }
  AgentOptions options = command.agent;
  options.period = std::chrono::seconds(command.period_s);
  if (side) options.on_publish = [&side](const auto& snapshot) { side->published(snapshot); };
  const NoDirectory no_names;
  Agent agent(system, file, std::move(options), side ? side->pods() : no_names);
  http::ProbeServer server;
  add_status_pages(server, agent, side.get());
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
  side.reset();  // from here on nobody sets the label
  clean_up_at_exit(system, file, command.cluster, *cluster);
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
