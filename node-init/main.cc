// smc-node-init: sets up SMC-R in a pod's network namespace, and says what works there and what
// does not.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/command_line.h"
#include "base/name_lookup.h"
#include "base/pod_arguments.h"
#include "base/version.h"
#include "node-init/commands.h"
#include "node-init/diagnosis/explain_command.h"

namespace {

using namespace smc::node;
using smc::exit_status;
using smc::ExitCode;
using smc::OnFailure;
using smc::Programs;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// An option whose value is one of a few words.
template <class T>
void add_choice(CLI::App& command, const std::string& name, T& target,
                const std::map<std::string, T>& choices, const std::string& description) {
  std::vector<std::string> words;
  for (const auto& [word, value] : choices) words.push_back(word);
  command
      .add_option_function<std::string>(
          name, [&target, choices](const std::string& word) { target = choices.at(word); },
          description)
      ->check(CLI::IsMember(words));
}

void add_programs(CLI::App& command, Programs& programs) {
  add_choice(
      command, std::string(smc::kProgramsFlag), programs,
      {{std::string(smc::kSwitchWord), Programs::kSwitch},
       {std::string(smc::kAskWord), Programs::kAsk}},
      "how the pod's programs come to SMC: switch (default): their TCP sockets are switched, "
      "which fails where the kernel has no switch; ask: they ask for SMC themselves");
}

void add_switch(CLI::App& command, SwitchChoice& choice) {
  add_choice(command, kSwitchFlag, choice, switch_choices(),
             "what switches them: tcp2smc (the kernel's), bpf (the node's agent's), auto (default: "
             "tcp2smc where the kernel has it, else bpf), none");
}

// What would change something has no place beside it.
void add_by_agent(CLI::App& pod, PodCommand& command, int& wait_s) {
  CLI::Option* by_agent =
      pod.add_flag(std::string(smc::kByAgentFlag), command.by_agent,
                   "change nothing and need no privilege: wait until the node's agent has set this "
                   "network namespace up");
  for (const char* other : {"--self-test", "--disable-ipv6", "--rmem", "--wmem", "--smcr-buf-type",
                            "--autocorking-size", "--dry-run", "--allow-host-network"})
    by_agent->excludes(pod.get_option(other));
  pod.add_option(std::string(smc::kWaitFlag), wait_s,
                 "seconds to wait for the node's agent: with --by-agent or --exclude-destinations, "
                 "and for its BPF switch; default " +
                     std::to_string(wait_s) + "s")
      ->transform(CLI::AsNumberWithUnit(std::map<std::string, int>{{"s", 1}},
                                        CLI::AsNumberWithUnit::CASE_SENSITIVE))
      ->check(CLI::Range(1, 3600));
}

void add_pod(CLI::App& app, PodCommand& command, int& wait_s) {
  CLI::App* pod = app.add_subcommand(std::string(smc::kPodCommand),
                                     "init container: set up this network namespace");
  PodOptions& options = command.options;
  options.environment_pnetid = environment("SMCR_PNET");
  pod->add_option(
      std::string(smc::kPnetidFlag), options.pnetid,
      "physical network; default: SMCR_PNET, else the only one of the active RDMA ports");
  pod->add_option(std::string(smc::kInterfaceFlag), options.interface,
                  "default: the one with the default route, else eth0");
  add_programs(*pod, options.programs);
  add_switch(*pod, options.program_switch);
  pod->add_option_function<std::string>(
         std::string(smc::kExcludeDestinationsFlag),
         [&options](const std::string& list) {
           options.exclude_destinations =
               *smc::parse_destinations(list, smc::kMaxDestinationsOfPod);
         },
         "connections to these stay plain TCP, which the node's agent sees to: " +
             std::string(smc::kDestinationForms) + ", separated by commas")
      ->check([](const std::string& list) {
        const auto parsed = smc::parse_destinations(list, smc::kMaxDestinationsOfPod);
        return parsed ? std::string() : parsed.error().what;
      });
  add_choice(
      *pod, "--self-test", options.self_test,
      {{"auto", SelfTestMode::kAuto}, {"on", SelfTestMode::kOn}, {"off", SelfTestMode::kOff}},
      "auto (default): warn where it cannot be run; on: fail then; off");
  add_choice(*pod, std::string(smc::kOnFailureFlag), command.on_failure,
             {{std::string(smc::kFailWord), OnFailure::kFail},
              {std::string(smc::kFallbackWord), OnFailure::kFallback}},
             "fail (default): exit 2, 3 or 4; fallback: exit 0, the pod runs over TCP");
  pod->add_flag("--disable-ipv6", options.disable_ipv6, "switch IPv6 off at the interface");
  pod->add_option("--rmem", options.rmem, "net.smc.rmem, bytes")->check(CLI::Range(16384, INT_MAX));
  pod->add_option("--wmem", options.wmem, "net.smc.wmem, bytes")->check(CLI::Range(16384, INT_MAX));
  pod->add_option("--smcr-buf-type", options.smcr_buf_type,
                  "net.smc.smcr_buf_type: 0 physical, 1 virtual, 2 either")
      ->check(CLI::Range(0, 2));
  pod->add_option("--autocorking-size", options.autocorking_size, "net.smc.autocorking_size, bytes")
      ->check(CLI::Range(0, INT_MAX));
  pod->add_option("--termination-log", command.termination_log,
                  "where the summary goes, a regular file; default: /dev/termination-log");
  pod->add_flag("--dry-run", options.dry_run, "say what would be done and change nothing");
  pod->add_option("--host-root", options.host_root,
                  "for a dry run: where the node's /lib/modules is; default: /");
  pod->add_flag("--allow-host-network", options.allow_host_network,
                "work in the node's own network namespace, too");
  add_by_agent(*pod, command, wait_s);
}

CLI::App* add_check(CLI::App& app, CheckOptions& options, bool& json) {
  CLI::App* check = app.add_subcommand("check", "what would work here and why not");
  check->add_option("--interface", options.interface,
                    "default: the one with the default route, else eth0");
  add_programs(*check, options.programs);
  add_switch(*check, options.program_switch);
  check->add_option("--host-root", options.host_root,
                    "where the node's /lib/modules is; default: /");
  check
      ->add_option("--expected-pods", options.expected_pods,
                   "pods of this node that the RDMA device has to have room for; default " +
                       std::to_string(options.expected_pods))
      ->check(CLI::Range(1, 100'000));
  check->add_flag("--json", json, "as JSON");
  return check;
}

CLI::App* add_syn_check(CLI::App& app, SynCheckCommand& command) {
  CLI::App* syn_check = app.add_subcommand(
      "syn-check",
      "whether what is on the way to a TCP server breaks SMC's TCP option: exit 0 clean, 2 could "
      "not test, 4 a fault");
  syn_check->add_option("target", command.target, "URL or HOST:PORT")->required();
  syn_check->add_option("--magic", command.magic,
                        "SMC's experiment identifier on nodes that have another one, 8 "
                        "hexadecimal digits; default: E2D4C3D9");
  syn_check->add_flag("--json", command.json, "as JSON");
  return syn_check;
}

void add_pod_netns(CLI::App& command, std::string& pod_netns) {
  command.add_option("--pod-netns", pod_netns,
                     "in the network namespace of this process (its ID on the node) or file, such "
                     "as /run/netns/NAME; default: this one");
}

// What was typed behind a command, as one text.
std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

ExitCode run(int argc, char** argv) {
  CLI::App app("SMC-R for this network namespace: set up, checked, explained", "smc-node-init");
  app.require_subcommand(1);
  const std::string version = std::string("smc-node-init ") + smc::kVersion;
  PodCommand pod;
  int wait_s = static_cast<int>(kDefaultWait.count());
  add_pod(app, pod, wait_s);
  CheckOptions check_options;
  bool json = false;
  CLI::App* check = add_check(app, check_options, json);
  CLI::App* status = app.add_subcommand(
      "status", "SMC sockets, devices, pnetids and counters of this network namespace");
  status->add_flag("--json", json, "as JSON");
  std::vector<std::string> codes;
  CLI::App* explain = app.add_subcommand("explain", "fallback codes in words");
  explain
      ->add_option("code", codes,
                   "03010000, 0x05000000/0x03030000 (local and peer's), a row of smcss, "
                   "peer_no_smc, or SMC_CLC_DECL_PEERNOSMC")
      ->required();
  std::string pod_netns;
  SynCheckCommand syn_check;
  CLI::App* syn_check_command = add_syn_check(app, syn_check);
  for (CLI::App* command : {check, status, syn_check_command}) add_pod_netns(*command, pod_netns);
  CLI::App* version_command = app.add_subcommand("version", "the version of this program");
  if (const auto ended = smc::parse_command_line(app, argc, argv)) return *ended;
  if (version_command->parsed()) {
    std::puts(version.c_str());
    return ExitCode::kDone;
  }
  if (explain->parsed()) return run_explain("smc-node-init", joined(codes));
  const auto system = make_real_system();
  const auto run_inside = [&](const std::function<ExitCode()>& command) {
    return run_in(*system, pod_netns, command);
  };
  syn_check.pod_netns = pod_netns;
  if (syn_check_command->parsed()) return run_inside([&] { return run_syn_check(syn_check); });
  if (check->parsed()) return run_inside([&] { return run_check(*system, check_options, json); });
  if (status->parsed()) return run_inside([&] { return run_status(*system, json); });
  pod.waiting = {std::chrono::seconds(wait_s), environment("NODE_NAME")};
  pod.options.agent_wait = pod.waiting.wait;
  pod.options.node = pod.waiting.node;
  return run_pod(*system, pod);
}

}  // namespace

int main(int argc, char** argv) {
  smc::look_names_up_in_hosts_and_dns();
  return smc::run_program("smc-node-init", [&] { return exit_status(run(argc, argv)); });
}
