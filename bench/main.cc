// smc-bench: load over TCP or SMC, with proof of which of them it was, and the comparison of two
// runs.
#include <cstdio>
#include <map>
#include <string>

#include "base/command_line.h"
#include "base/stop_signals.h"
#include "base/version.h"
#include "bench/commands.h"

namespace {

using namespace smc::bench;
using smc::ExitCode;

constexpr const char* kExitCodes =
    "Exit codes: 0 done; 1 wrong command line; 2 not possible here; 4 the load did not run over "
    "what "
    "--expect says";

// "30s", "500ms", "2m" in milliseconds; a number alone could mean anything.
CLI::AsNumberWithUnit duration_unit() {
  using Unit = CLI::AsNumberWithUnit;
  return Unit(std::map<std::string, int>{{"ms", 1}, {"s", 1000}, {"m", 60'000}},
              static_cast<Unit::Options>(Unit::CASE_SENSITIVE | Unit::UNIT_REQUIRED));
}

void add_duration(CLI::App& command, const std::string& name, std::chrono::milliseconds& target,
                  int most_s, const std::string& description) {
  command
      .add_option_function<int>(
          name, [&target](int value) { target = std::chrono::milliseconds(value); },
          description + "; default " + std::to_string(target.count() / 1000) + "s")
      ->transform(duration_unit())
      ->check(CLI::Range(0, most_s * 1000));
}

CLI::App* add_server(CLI::App& app, ServerCommand& command) {
  CLI::App* server = app.add_subcommand("server", "answers /echo with the request's body");
  server->add_option("--listen", command.listen, "HOST:PORT; default " + command.listen);
  server->add_option("--threads", command.threads, "default " + std::to_string(command.threads))
      ->check(CLI::Range(1, 64));
  return server;
}

CLI::App* add_load(CLI::App& app, LoadCommand& command) {
  CLI::App* load = app.add_subcommand("load", "makes load, and says what carried it");
  LoadOptions& options = command.options;
  load->add_option("url", command.url, "http://HOST[:PORT]/PATH")->required();
  load->add_option("--qps", options.rate,
                   "requests per second of all connections together; 0: as many as are answered; "
                   "default 100000")
      ->check(CLI::Range(0.0, 10e6));
  add_duration(*load, "--duration", options.duration, 24 * 3600, "how long it is measured");
  add_duration(*load, "--warm-up", options.warm_up, 3600, "before it, not counted");
  load->add_option("--connections", options.connections,
                   "default " + std::to_string(options.connections))
      ->check(CLI::Range(1, kMaxConnections));
  load->add_option(
          "--payload", options.payload,
          "bytes of a request's body, 0 for GET; default " + std::to_string(options.payload))
      ->check(CLI::Range(0, kMaxPayload));
  load->add_option("--threads", options.threads, "default " + std::to_string(options.threads))
      ->check(CLI::Range(1, 64));
  load->add_option("--expect", command.expect,
                   "exit 4 where this is not what carried the load: tcp, smc-r")
      ->check(CLI::IsMember({"tcp", "smc-r"}));
  load->add_option("--out", command.out, "where the result goes, as JSON; - for standard output");
  return load;
}

CLI::App* add_witness(CLI::App& app, WitnessCommand& command) {
  CLI::App* witness = app.add_subcommand(
      "witness", "says what carries the load that another program, as fortio, makes meanwhile");
  witness->add_option("url", command.url, "what that load asks: http://HOST[:PORT]/PATH")
      ->required();
  add_duration(*witness, "--wait", command.wait, 3600, "for the load's first connection");
  witness->add_option("--out", command.out,
                      "where the proof goes, as JSON; - (default) for standard output");
  return witness;
}

CLI::App* add_compare(CLI::App& app, CompareCommand& command) {
  CLI::App* compare = app.add_subcommand(
      "compare", "two results side by side: of `smc-bench load --out`, or of fortio's -json");
  compare->add_option("before", command.before, "JSON file; one run or an array of rounds")
      ->required();
  compare->add_option("after", command.after, "the same")->required();
  compare->add_option("--html", command.html, "writes a report that a browser shows");
  compare->add_option("--markdown", command.markdown, "writes a report in Markdown");
  return compare;
}

ExitCode run(int argc, char** argv) {
  CLI::App app("load over TCP or SMC, measured and proven", "smc-bench");
  app.require_subcommand(1);
  app.footer(kExitCodes);
  ServerCommand server_command;
  LoadCommand load_command;
  WitnessCommand witness_command;
  CompareCommand compare_command;
  const CLI::App* server = add_server(app, server_command);
  const CLI::App* load = add_load(app, load_command);
  const CLI::App* witness = add_witness(app, witness_command);
  const CLI::App* compare = add_compare(app, compare_command);
  app.add_subcommand("version", "the version of this program");
  if (const auto ended = smc::parse_command_line(app, argc, argv)) return *ended;
  if (compare->parsed()) return run_compare(compare_command);
  if (!server->parsed() && !load->parsed() && !witness->parsed()) {
    std::printf("smc-bench %s\n", smc::kVersion);
    return ExitCode::kDone;
  }
  const smc::Fd stop = smc::open_stop_signals();
  if (witness->parsed()) return run_witness(witness_command, stop.get());
  return server->parsed() ? run_server(server_command, stop.get())
                          : run_load_command(load_command, stop.get());
}

}  // namespace

int main(int argc, char** argv) {
  return smc::run_program("smc-bench", [&] { return exit_status(run(argc, argv)); });
}
