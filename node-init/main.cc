// smc-node-init: sets up SMC-R in a pod's network namespace, and says what works there and what
// does not.
#include <cstdio>
#include <cstdlib>

#include <CLI/CLI.hpp>

#include "base/version.h"
#include "node-init/commands.h"

namespace {

using namespace smc::node;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

void add_pod(CLI::App& app, PodCommand& command) {
  CLI::App* pod = app.add_subcommand("pod", "init container: set up this network namespace");
  PodOptions& options = command.options;
  options.environment_pnetid = environment("SMCR_PNET");
  pod->add_option(
      "--pnetid", options.pnetid,
      "physical network; default: SMCR_PNET, else the only one of the active RDMA ports");
  pod->add_option("--interface", options.interface,
                  "default: the one with the default route, else eth0");
  const std::map<std::string, SelfTestMode> self_test = {
      {"auto", SelfTestMode::kAuto}, {"on", SelfTestMode::kOn}, {"off", SelfTestMode::kOff}};
  pod->add_option("--self-test", options.self_test,
                  "auto: warn where it cannot be run; on: fail then; off")
      ->transform(CLI::CheckedTransformer(self_test));
  const std::map<std::string, OnFailure> on_failure = {{"fail", OnFailure::kFail},
                                                       {"fallback", OnFailure::kFallback}};
  pod->add_option("--on-failure", command.on_failure,
                  "fail (default): exit 2, 3 or 4; fallback: exit 0, the pod runs over TCP")
      ->transform(CLI::CheckedTransformer(on_failure));
  pod->add_flag("--disable-ipv6", options.disable_ipv6, "switch IPv6 off at the interface");
  pod->add_option("--rmem", options.rmem, "net.smc.rmem, bytes")->check(CLI::Range(16384, INT_MAX));
  pod->add_option("--wmem", options.wmem, "net.smc.wmem, bytes")->check(CLI::Range(16384, INT_MAX));
  pod->add_option("--smcr-buf-type", options.smcr_buf_type,
                  "net.smc.smcr_buf_type: 0 physical, 1 virtual, 2 either")
      ->check(CLI::Range(0, 2));
  pod->add_option("--autocorking-size", options.autocorking_size, "net.smc.autocorking_size, bytes")
      ->check(CLI::Range(0, INT_MAX));
  pod->add_option("--termination-log", command.termination_log,
                  "where the summary goes; default: /dev/termination-log");
  pod->add_flag("--dry-run", options.dry_run, "say what would be done and change nothing");
  pod->add_flag("--allow-host-network", options.allow_host_network,
                "work in the node's own network namespace, too");
}

ExitCode run(int argc, char** argv) {
  CLI::App app("SMC-R for this network namespace: set up, checked, explained", "smc-node-init");
  app.require_subcommand(1);
  PodCommand pod;
  add_pod(app, pod);
  app.add_subcommand("version", "the version of this program");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error), ExitCode::kDone;
    std::fprintf(stderr, "smc-node-init: error: %s hint: smc-node-init --help\n", error.what());
    return ExitCode::kUsage;
  }
  if (app.got_subcommand("version")) {
    std::printf("smc-node-init %s\n", smc::kVersion);
    return ExitCode::kDone;
  }
  const auto system = make_real_system();
  return run_pod(*system, pod);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return exit_status(run(argc, argv));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "smc-node-init: error: %s hint: report it\n", error.what());
    return exit_status(ExitCode::kRefused);
  }
}
