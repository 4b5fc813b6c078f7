#include "bench/commands.h"

#include <cstdio>
#include <iostream>
#include <optional>
#include <thread>

#include <poll.h>
#include <unistd.h>

#include "base/error_text.h"
#include "base/file.h"
#include "base/utc_text.h"
#include "base/version.h"
#include "bench/comparison.h"
#include "bench/echo_server.h"
#include "bench/report.h"
#include "bench/target_ports.h"
#include "bench/witness.h"
#include "node-init/kernel/system.h"

namespace smc::bench {
namespace {

// A result has some 2,000 buckets and a line a second: a day's run is 10 MB, a round of ten more.
constexpr std::size_t kMaxResultBytes = 256 << 20;

// How often the counters are taken before a load's first connection; it shall not send much
// between.
constexpr int kEarlyLookMs = 20;
// How often a load's connections are looked for, and how often they are not there before it is
// over: one that breaks is made anew.
constexpr int kLookMs = 100;
constexpr int kLooksWithout = 5;
// By then the connections of a load are all there.
constexpr std::chrono::milliseconds kFirstLook{500};

ExitCode failed(const Error& error) {
  print_error("smc-bench", error);
  return ExitCode::kNotPossible;
}

bool is_readable(int fd, int timeout_ms) {
  pollfd waited{fd, POLLIN, 0};
  return ::poll(&waited, 1, timeout_ms) > 0;
}

RunResult result_of(const LoadCommand& command, LoadCounts& counts) {
  RunResult out;
  out.program = "smc-bench";
  out.version = kVersion;
  out.target = command.url;
  out.expected = command.expect;
  out.asked_rate = command.options.rate;
  out.seconds = std::chrono::duration<double>(counts.measured).count();
  out.connections = static_cast<std::uint64_t>(command.options.connections);
  out.payload = static_cast<std::uint64_t>(command.options.payload);
  out.requests = counts.requests;
  out.rate = out.seconds > 0 ? static_cast<double>(counts.requests) / out.seconds : 0;
  out.errors = counts.errors;
  out.cpu_seconds = std::chrono::duration<double>(counts.cpu).count();
  out.latency = latency_of(counts.latency);
  out.service = latency_of(counts.service);
  out.course = std::move(counts.course);
  return out;
}

void print(const RunResult& result) {
  std::cout << number_text(result.rate) << " requests/s over " << result.connections
            << " connections for " << number_text(result.seconds) << " s, " << result.requests
            << " answered\n";
  const Latency& latency = result.held_rate() ? result.latency : result.service;
  std::cout << (result.held_rate() ? "latency from when requests were due: "
                                   : "latency from when requests were sent: ");
  for (const auto& [percent, ms] : latency.percentiles)
    std::cout << percentile_name(percent) << " " << number_text(ms) << " ms, ";
  std::cout << "mean " << number_text(latency.mean_ms) << " ms\n";
  for (const auto& [kind, count] : result.errors)
    std::cout << count << " requests failed: " << kind << "\n";
  std::cout << proof_text(result) << "\n";
}

Result<void> write_out(const std::string& path, const std::string& content) {
  if (path == "-") return write_all(STDOUT_FILENO, "standard output", content);
  return write_file_atomic(path, content, 0644);
}

ExitCode judge(const LoadCommand& command, const RunResult& result) {
  if (result.requests == 0)
    return failed({"no request was answered", 0, "is the path of the URL right?"});
  const std::string mode = result.proof->mode();
  if (command.expect.empty() || command.expect == mode) return ExitCode::kDone;
  print_error("smc-bench",
              {"this load was to run over " + command.expect + " and ran over " + mode, 0,
               mode == "tcp" ? "`smc-node-init check` says what is missing here"
                             : "`smc-node-init status` lists the connections"});
  return ExitCode::kFellBack;
}

// The counters as they were before the first connection; false where none comes.
bool await_connection(Witness& witness, std::chrono::milliseconds wait, int stop) {
  const auto deadline = std::chrono::steady_clock::now() + wait;
  if (!witness.begin_before_connections()) {
    witness.begin();  // late: what was carried before lacks
    return true;
  }
  while (witness.begin_before_connections())
    if (is_readable(stop, kEarlyLookMs) || std::chrono::steady_clock::now() > deadline)
      return false;
  return true;
}

// A look each second while there are connections.
void watch(Witness& witness, const TargetPorts& ports, int stop) {
  auto next_look = std::chrono::steady_clock::now() + kFirstLook;
  for (int absent = 0; absent < kLooksWithout && !is_readable(stop, kLookMs);) {
    absent = ports.now().empty() ? absent + 1 : 0;
    if (std::chrono::steady_clock::now() < next_look || absent > 0) continue;
    witness.look();
    next_look += std::chrono::seconds(1);
  }
}

Result<std::vector<RunResult>> results_in(const std::string& path) {
  const auto text = read_stream(path, kMaxResultBytes);
  if (!text) return text.error();
  return parse_results(*text, path);
}

}  // namespace

ExitCode run_server(const ServerCommand& command, int stop) {
  const auto address = parse_host_port(command.listen);
  if (!address) return failed(address.error());
  EchoServer server(command.threads);
  const auto bound = server.bind(*address);
  if (!bound) return failed(bound.error());
  std::cout << "smc-bench: listening on " << bound->text() << "\n" << std::flush;
  std::thread serving([&] { server.run(); });
  is_readable(stop, -1);
  server.stop();
  serving.join();
  return ExitCode::kDone;
}

ExitCode run_load_command(LoadCommand command, int stop) {
  auto url = parse_http_url(command.url);
  if (!url) return failed(url.error());
  command.options.url = *url;
  const auto system = node::make_real_system();
  OpenPorts ports;
  std::optional<Witness> witness;
  std::map<int, std::uint64_t> fallbacks;
  std::string started;
  LoadHooks hooks;
  hooks.measuring = [&] {
    started = utc_text(std::chrono::system_clock::now());
    witness.emplace(*system, ports);
    witness->begin();
  };
  hooks.second = [&](int second) { fallbacks[second] = witness->look(); };
  hooks.stopped = [&] { return is_readable(stop, 0); };
  auto counts = run_load(command.options, ports, hooks);
  if (!counts) return failed(counts.error());
  RunResult result = result_of(command, *counts);
  result.started = started;
  for (Second& second : result.course) second.fallbacks = fallbacks[second.at];
  result.proof = witness->end();
  judge(*result.proof, result.requests, result.payload);
  if (!command.out.empty())
    if (const auto written = write_out(command.out, to_json(result)); !written)
      return failed(written.error());
  if (command.out != "-") print(result);
  return judge(command, result);
}

ExitCode run_witness(const WitnessCommand& command, int stop) {
  const auto url = parse_http_url(command.url);
  if (!url) return failed(url.error());
  const auto addresses = ipv4_addresses_of(url->address.host);
  if (!addresses) return failed(addresses.error());
  const auto system = node::make_real_system();
  const TargetPorts ports(*system, *addresses, url->address.port);
  Witness witness(*system, ports);
  if (!await_connection(witness, command.wait, stop))
    return failed({"no connection to " + url->address.text() + " was seen", 0,
                   "start the load beside it, in the same network namespace"});
  watch(witness, ports, stop);
  if (const auto written = write_out(command.out, to_json(witness.end())); !written)
    return failed(written.error());
  return ExitCode::kDone;
}

ExitCode run_compare(const CompareCommand& command) {
  auto before = results_in(command.before);
  if (!before) return failed(before.error());
  auto after = results_in(command.after);
  if (!after) return failed(after.error());
  const Comparison comparison = compare(std::move(*before), std::move(*after));
  for (const auto& [path, content] : {std::pair{command.html, html_report(comparison)},
                                      std::pair{command.markdown, markdown_report(comparison)}})
    if (!path.empty())
      if (const auto written = write_out(path, content); !written) return failed(written.error());
  std::cout << terminal_report(comparison);
  return ExitCode::kDone;
}

}  // namespace smc::bench
