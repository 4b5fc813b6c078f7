#include "node-init/agent/commands.h"

#include <chrono>
#include <cstdio>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/version.h"
#include "node-init/agent/node_round.h"
#include "node-init/agent/own_record.h"
#include "node-init/agent/status_server.h"
#include "node-init/agent/stop_signal.h"
#include "node-init/sysctl.h"

namespace smc::node {
namespace {

constexpr std::chrono::seconds kLockTimeout{5};

// Without names: used where no API server is asked.
class NoDirectory final : public PodDirectory {
 public:
  PodName name_of(const std::string&) const override { return {}; }
};

ExitCode fail(ExitCode code, const Error& error) {
  std::fprintf(stderr, "smc-node-agent: error: %s\nhint: %s\n", error.text().c_str(),
               error.hint.empty() ? "run it as root on the node" : error.hint.c_str());
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

ExitCode run_daemon(System& system, const OwnRecordFile& file, const AgentCommand& command) {
  const StopSignal stop;
  const NoDirectory pods;
  AgentOptions options = command.agent;
  options.period = std::chrono::seconds(command.period_s);
  Agent agent(system, file, std::move(options), pods);
  StatusServer server({[&agent] { return agent.ailing(); }, [&agent] { return agent.not_ready(); },
                       [&agent] { return agent.metrics(); }});
  const auto address = server.start(command.listen);
  if (!address) return fail(ExitCode::kRefused, address.error());
  log::info("started", {{"version", kVersion}, {"listen", *address}});
  agent.run(stop.fd());
  server.stop();
  log::info("stopped");
  return ExitCode::kDone;
}

}  // namespace

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
  const auto file = open_record(system, command.state_directory);
  if (!file) return fail(ExitCode::kNotPossible, file.error());
  const auto lock = file->lock(kLockTimeout);
  if (!lock) return fail(ExitCode::kRefused, lock.error());
  auto record = file->load();
  if (!record) return fail(ExitCode::kNotPossible, record.error());
  // First, so that an agent that is still running leaves alone what is taken back.
  record->stood_down = true;
  std::vector<std::string> undone;
  const auto done = take_back(system, *file, *record, undone);
  for (const std::string& one : undone) std::printf("removed %s\n", one.c_str());
  if (undone.empty() && done) std::puts("nothing of its own is set up on this node");
  if (!done) return fail(ExitCode::kRefused, done.error());
  return ExitCode::kDone;
}

}  // namespace smc::node
