// kubectl-smc, a kubectl plug-in by its name: what SMC does in a cluster, for whoever is on call.
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include <unistd.h>

#include "base/command_line.h"
#include "base/error_text.h"
#include "base/name_lookup.h"
#include "base/version.h"
#include "kubectl/commands.h"

namespace {

using namespace smc::kubectl;
using smc::exit_status;
using smc::ExitCode;

constexpr const char* kExitCodes =
    "Exit codes: 0 all well; 1 wrong command line; 2 a finding, or not possible; 3 the API server "
    "or an agent refused; 4 (syn-check) a fault on the path, (bench) a run that was to be SMC-R "
    "ran "
    "over TCP.";

// For the handler: it may use an EventFd and nothing else of ours.
std::atomic<smc::kube::Stop*> interrupted{nullptr};
std::atomic<int> signal_taken{0};

// Every wait of the program ends; the second Ctrl-C ends the program at once.
void take_signal(int signal) {
  const int saved = errno;
  signal_taken = signal;
  if (smc::kube::Stop* stop = interrupted) stop->request();
  errno = saved;
}

void catch_signals(smc::kube::Stop& stop) {
  interrupted = &stop;
  std::signal(SIGPIPE, SIG_IGN);
  struct sigaction action{};
  action.sa_handler = take_signal;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (const int signal : {SIGINT, SIGTERM}) ::sigaction(signal, &action, nullptr);
}

// As a shell expects of a program that a signal has ended.
int end_interrupted(ExitCode code) {
  if (signal_taken == 0 || code == ExitCode::kDone) return exit_status(code);
  std::signal(signal_taken, SIG_DFL);
  std::raise(signal_taken);
  return exit_status(code);
}

void add_common(CLI::App& command, CommonOptions& options) {
  ConnectOptions& connect = options.connect;
  command.add_option("--kubeconfig", connect.kubeconfig,
                     "default: $KUBECONFIG, else ~/.kube/config");
  command.add_option("--context", connect.choice.context, "default: the current one");
  command.add_option("--cluster", connect.choice.cluster, "default: the context's");
  command.add_option("--user", connect.choice.user, "default: the context's");
  command.add_option("-n,--namespace", connect.ns, "default: the context's");
  command.add_option("--release-namespace", options.release_namespace,
                     "where the chart is installed; default: looked for in all namespaces");
}

void add_output(CLI::App& command, CommonOptions& options) {
  command
      .add_option_function<std::string>(
          "-o,--output", [&options](const std::string& format) { options.json = format == "json"; },
          "json; default: for people")
      ->check(CLI::IsMember({"json"}));
}

CLI::App* add_status(CLI::App& app, CommonOptions& common, StatusOptions& options) {
  CLI::App* status = app.add_subcommand(
      "status", "what pods have: set-up, switch, connections by mode, fallbacks");
  CLI::Option* pod = status->add_option(
      "POD", options.pod, "POD or KIND/NAME; default: every annotated pod of the namespace");
  status->add_flag("-A,--all-namespaces", common.all_namespaces, "pods of all namespaces")
      ->excludes(pod);
  status->add_option("--node", options.node, "what that node and its pods have")->excludes(pod);
  status->add_flag("--watch,-w", options.watch, "again every two seconds, until Ctrl-C");
  add_common(*status, common);
  add_output(*status, common);
  return status;
}

CLI::App* add_syn_check(CLI::App& app, CommonOptions& common, SynCheckOptions& options) {
  CLI::App* syn = app.add_subcommand(
      "syn-check", "whether something on a pod's way to a server breaks SMC's TCP option");
  syn->add_option("POD", options.pod, "POD or KIND/NAME, whose way it is")->required();
  syn->add_option("TARGET", options.target, "URL or HOST:PORT")->required();
  syn->add_option("--magic", options.magic, "the nodes' experiment magic, hexadecimal");
  add_common(*syn, common);
  add_output(*syn, common);
  return syn;
}

CLI::App* add_bench(CLI::App& app, CommonOptions& common, BenchOptions& options) {
  CLI::App* bench = app.add_subcommand(
      "bench", "what SMC gains: the same load over TCP and over SMC-R, with proof, side by side");
  CLI::Option* workload = bench->add_option(
      "WORKLOAD", options.workload,
      "KIND/NAME: the load runs beside its first pod; default: a pair of pods on two nodes, in a "
      "namespace of its own");
  CLI::Option* url =
      bench->add_option("--url", options.url, "what the load asks for")->needs(workload);
  workload->needs(url);
  bench
      ->add_flag("--before-after", options.before_after,
                 "with WORKLOAD: over TCP first; the pair always does")
      ->needs(workload);
  bench->add_option("--rounds", options.rounds, "of both, in turns; default 1")
      ->check(CLI::Range(1, kMaxRounds));
  bench
      ->add_option("--qps", options.rate,
                   "requests per second; 0: as many as are answered; default 100000")
      ->check(CLI::Range(0.0, 10e6));
  bench->add_option("--duration", options.seconds, "seconds of each run; default 30s")
      ->transform(CLI::AsNumberWithUnit(std::map<std::string, int>{{"s", 1}, {"m", 60}},
                                        CLI::AsNumberWithUnit::CASE_SENSITIVE))
      ->check(CLI::Range(1, kMaxBenchSeconds));
  bench->add_option("--connections", options.connections, "default 64")
      ->check(CLI::Range(1, 10'000));
  bench->add_option("--payload", options.payload, "bytes of a request's body; default 128")
      ->check(CLI::Range(0, 1 << 20));
  bench
      ->add_option_function<std::string>(
          "--load",
          [&options](const std::string& program) {
            options.load = program == "fortio" ? LoadProgram::kFortio : LoadProgram::kSmcBench;
          },
          "fortio or smc-bench; default: fortio, and smc-bench where its image cannot be pulled")
      ->check(CLI::IsMember({"fortio", "smc-bench"}));
  bench->add_option("--fortio-image", options.fortio_image,
                    std::string("default: ") + kFortioImage);
  bench->add_option("--image", options.image, "of smc-bench; default: beside the agents' image");
  bench->add_option("--image-pull-secret", options.pull_secret,
                    "a Secret of --namespace that may pull the images; a pair's namespace gets a "
                    "copy; default: none but the ServiceAccount's");
  bench->add_option("--html", options.html, "writes the report that a browser shows");
  bench->add_option("--markdown", options.markdown, "writes the report in Markdown");
  add_common(*bench, common);
  add_output(*bench, common);
  return bench;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

ExitCode run(int argc, char** argv, const smc::kube::Stop& stop) {
  CLI::App app("SMC-R in a cluster: checked, shown, explained", kProgram);
  app.require_subcommand(1);
  app.footer(kExitCodes);
  CommonOptions common;
  StatusOptions status_options;
  SynCheckOptions syn_options;
  CLI::App* check = app.add_subcommand("check", "what is well in the cluster and what is not");
  check->add_flag("-A,--all-namespaces", common.all_namespaces,
                  "pods of all namespaces, which is the default without -n");
  add_common(*check, common);
  add_output(*check, common);
  CLI::App* status = add_status(app, common, status_options);
  std::vector<std::string> codes;
  CLI::App* explain = app.add_subcommand("explain", "fallback codes in words");
  explain
      ->add_option("CODE", codes, "03010000, 0x05000000/0x03030000 (local and peer's), peer_no_smc")
      ->required();
  add_output(*explain, common);
  CLI::App* syn_check = add_syn_check(app, common, syn_options);
  BenchOptions bench_options;
  CLI::App* bench = add_bench(app, common, bench_options);
  CLI::App* version = app.add_subcommand("version", "the version of this program");
  if (const auto ended = smc::parse_command_line(app, argc, argv)) return *ended;
  if (version->parsed()) {
    std::printf("%s %s\n", kProgram, smc::kVersion);
    return ExitCode::kDone;
  }
  if (explain->parsed()) return run_explain(joined(codes), common.json);
  if (status->parsed()) return run_status(common, status_options, stop);
  if (syn_check->parsed()) return run_syn_check(common, syn_options, stop);
  if (bench->parsed()) return run_bench(common, bench_options, stop);
  return run_check(common, stop);
}

}  // namespace

int main(int argc, char** argv) {
  smc::kube::Stop stop;
  catch_signals(stop);
  smc::look_names_up_in_hosts_and_dns();
  return smc::run_program(kProgram, [&] { return end_interrupted(run(argc, argv, stop)); });
}
