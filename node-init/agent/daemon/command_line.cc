#include "node-init/agent/daemon/command_line.h"

#include <csignal>
#include <cstdio>
#include <map>
#include <string>

#include "base/command_line.h"
#include "base/log.h"
#include "base/version.h"
#include "node-init/agent/daemon/agent_command.h"
#include "node-init/agent/daemon/agent_system.h"
#include "node-init/kernel/pnet_table.h"
#include "node-init/kernel/ueid.h"

namespace smc::node {
namespace {

constexpr const char* kFooter =
    "Exit codes: 0 done, 1 usage, 2 not possible here, 3 the kernel refused a step.\n"
    "Metrics: smc_node_ready, smc_node_candidate, smc_node_check, smc_node_port_active,\n"
    "smc_node_port_pnetid, smc_node_ueid, smc_node_setup_steps_total, smc_node_rounds_total,\n"
    "smc_node_pod_setups_total, smc_node_list_entries, smc_node_list_limit, and by network\n"
    "namespace smc_node_connections_total, smc_node_fallbacks_total, smc_node_sockets and\n"
    "smc_node_smcr_bytes_total; in a cluster also smc_node_label, smc_node_annotated_not_set_up,\n"
    "smc_node_mesh_smc_enabled and smc_node_api_up.";

// Writes the kernel's form of what the user typed, or says why there is none.
template <class Normal>
CLI::Validator as(Normal normal, const std::string& rule) {
  return {[normal, rule](std::string& text) -> std::string {
            const auto result = normal(text);
            if (!result) return rule;
            text = *result;
            return {};
          },
          ""};
}

CLI::Validator parsed_by(bool (*reads)(const std::string&), const std::string& form) {
  return {[reads, form](std::string& text) { return reads(text) ? std::string() : form; }, form};
}

void add_state(CLI::App* command, AgentCommand& options) {
  command->add_option(
      "--state-dir", options.state_directory,
      "where the record of what is its own is kept; default " + options.state_directory);
  command->add_option("--log-level", options.log_level, "debug, info (default), warn or error")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}));
}

void add_cluster_flags(CLI::App* command, ClusterFlags& cluster) {
  command->add_option("--kubeconfig", cluster.kubeconfig,
                      "the API server and who asks it; default: the pod's service account, and "
                      "without one no cluster");
  command->add_option("--node-name", cluster.node, "the Node of this node")->envname("NODE_NAME");
  command
      ->add_option(
          "--label", cluster.label,
          "of Nodes that can carry SMC-R; default " + NodeLabel().key + "=" + NodeLabel().value)
      ->check(
          parsed_by([](const std::string& text) { return parse_label(text).ok(); }, "KEY=VALUE"));
  command
      ->add_option("--daemonset", cluster.daemonset,
                   "NAMESPACE/NAME of the agents: as long as it is there, an agent that ends is "
                   "replaced and removes nothing")
      ->check(parsed_by([](const std::string& text) { return parse_object_name(text).ok(); },
                        "NAMESPACE/NAME"));
}

void add_label_flags(CLI::App* run, ClusterFlags& cluster) {
  const auto seconds = [&](const char* flag, int& value, const std::string& what) {
    run->add_option(flag, value, what + "; default " + std::to_string(value))
        ->check(CLI::Range(1, 3600));
  };
  seconds("--label-after", cluster.on_after_s,
          "seconds for which the node has to be ready before it gets its label");
  seconds("--unlabel-after", cluster.off_after_s,
          "seconds for which it has to be not ready before the label is removed");
  seconds("--node-period", cluster.node_period_s,
          "seconds after which a label that somebody changed is put right");
}

// What the agent sets up on the node.
void add_setup(CLI::App* run, SetupConfig& config) {
  run->add_option("--pnetid", config.pnetid,
                  "for every port; default: the MAC of the port's own interface")
      ->transform(as(normal_pnetid, "1 to 16 letters and digits"));
  run->add_option("--device", config.devices,
                  "set up this RDMA device alone, can be repeated; default: each one of SMC's");
  run->add_option("--ueid", config.ueid, "added if absent, the same on all nodes; default: none")
      ->transform(as(normal_ueid, "1 to 32 letters, digits, dots and dashes"));
  run->add_flag("--take-over", config.take_over,
                "replace pnetids that another program set, instead of adopting them");
}

// Of the pods of this node.
void add_programs(CLI::App* run, RoundOptions& round) {
  const std::map<std::string, Programs> words = {{std::string(kSwitchWord), Programs::kSwitch},
                                                 {std::string(kAskWord), Programs::kAsk}};
  run->add_option(std::string(kProgramsFlag), round.programs,
                  "switch (default): a kernel that cannot switch existing programs to SMC makes "
                  "the node not ready; ask: the programs of this node ask for SMC themselves")
      ->transform(CLI::CheckedTransformer(words));
  run->add_option(kSwitchFlag, round.program_switch,
                  "what switches the sockets of existing programs: tcp2smc (the kernel's, where it "
                  "has it), bpf (the agent's own, kernels from 6.11 on), auto (default: tcp2smc, "
                  "else bpf), none")
      ->transform(CLI::CheckedTransformer(switch_choices()));
  run->add_option("--expected-pods", round.expected_pods,
                  "that the RDMA device has to have room for; default " +
                      std::to_string(round.expected_pods))
      ->check(CLI::Range(1, 100'000));
}

// Of the pods that the agent sets up: what the webhook's configuration says.
void add_policy(CLI::App* run, SetupPolicy& policy) {
  run->add_option("--exclude-namespace", policy.excluded_namespaces,
                  "sets up no pod of this namespace, can be repeated; default: none");
  run->add_option(
         "--allow-override", policy.overrides,
         "what a pod may choose for itself: interface, pnetid, exclude-destinations; can be "
         "repeated; default: nothing")
      ->check(CLI::IsMember({"interface", "pnetid", "exclude-destinations"}));
  run->add_option_function<std::string>(
         std::string(kExcludeDestinationsFlag),
         [&policy](const std::string& list) {
           policy.exclude_destinations = *parse_destinations(list);
         },
         "connections of the pods to these stay plain TCP: " + std::string(kDestinationForms) +
             ", separated by commas; default: none")
      ->check([](const std::string& list) {
        const auto parsed = parse_destinations(list);
        return parsed ? std::string() : parsed.error().what;
      });
}

void add_mesh(CLI::App* run, ClusterFlags& cluster) {
  run->add_option("--mesh-smc", cluster.mesh_smc,
                  "the mesh switch where no ASMMeshConfig says otherwise: on (default), or off: "
                  "sets up no pod")
      ->transform(
          CLI::CheckedTransformer(std::map<std::string, bool>{{"on", true}, {"off", false}}));
  run->add_flag("--mesh-watch", cluster.mesh_watch,
                "follow spec.smcEnabled of the ASMMeshConfig \"default\"");
  run->add_option("--mesh-kubeconfig", cluster.mesh_kubeconfig,
                  "kubeconfig of the API server that has the ASMMeshConfig, which is then "
                  "followed; none: the cluster's own");
}

void add_run(CLI::App& app, AgentCommand& options) {
  CLI::App* run =
      app.add_subcommand("run", "prepare the node, watch and repair it, export metrics");
  run->footer(kFooter);
  run->add_flag("--once", options.once, "one round, its findings on standard output, then exit");
  run->add_flag("--dry-run", options.agent.round.dry_run,
                "with --once or without: one round that says what it would do and changes nothing");
  add_setup(run, options.agent.round.setup);
  add_programs(run, options.agent.round);
  run->add_option(
         "--listen", options.listen,
         "HOST:PORT of /metrics, /healthz, /readyz and /v1/, [::] takes IPv4 along; default " +
             options.listen)
      ->take_last();
  run->add_option("--access-token-file", options.access_token_file,
                  "the token that `kubectl smc` has to send for what is below /v1/; without it "
                  "nobody gets an answer there")
      ->take_last();
  run->add_option("--period", options.period_s,
                  "seconds between two rounds; default " + std::to_string(options.period_s))
      ->check(CLI::Range(1, 3600));
  run->add_option(
      "--host-root", options.agent.round.host_root,
      "where the node's /etc/os-release, /etc/cni, /sys/fs/cgroup and /proc/sys/net are; "
      "default: /");
  add_state(run, options);
  add_cluster_flags(run, options.cluster);
  add_label_flags(run, options.cluster);
  add_policy(run, options.cluster.policy);
  add_mesh(run, options.cluster);
}

CLI::App* add_uninstall(CLI::App& app, AgentCommand& options) {
  CLI::App* uninstall =
      app.add_subcommand("uninstall",
                         "remove the agent's own pnetids, UEID, BPF switch and label; a running "
                         "agent sets nothing up any more. "
                         "With --daemonset: of all nodes, by deleting their agents");
  add_state(uninstall, options);
  add_cluster_flags(uninstall, options.cluster);
  uninstall
      ->add_option("--timeout", options.cluster.timeout_s,
                   "with --daemonset: seconds until the agents must be gone; default " +
                       std::to_string(options.cluster.timeout_s))
      ->transform(CLI::AsNumberWithUnit(std::map<std::string, int>{{"s", 1}},
                                        CLI::AsNumberWithUnit::CASE_SENSITIVE));
  return uninstall;
}

void start_log(const std::string& level_name) {
  log::Level level = log::Level::kInfo;
  log::parse_level(level_name, level);
  log::set_level(level);
}

}  // namespace

ExitCode run_command_line(int argc, char** argv) {
  CLI::App app("SMC-R for the pods of this node: prepared, watched, repaired, counted",
               "smc-node-agent");
  app.require_subcommand(1);
  AgentCommand options;
  add_run(app, options);
  const CLI::App* uninstall = add_uninstall(app, options);
  app.add_subcommand("version", "the version of this program");
  if (const auto ended = parse_command_line(app, argc, argv)) return *ended;
  if (app.got_subcommand("version")) {
    std::printf("smc-node-agent %s\n", kVersion);
    return ExitCode::kDone;
  }
  start_log(options.log_level);
  std::signal(SIGPIPE, SIG_IGN);  // of an API server that closes its connection
  const auto system = make_agent_system(options.agent.round.host_root);
  const auto bpf = make_agent_bpf();
  BpfSwitch bpf_switch(*bpf);
  options.agent.round.bpf = &bpf_switch;
  const auto lists = make_agent_lists(*system);
  options.lists = lists.get();
  options.cluster.policy.program_switch = options.agent.round.program_switch;
  if (uninstall->parsed()) return uninstall_agent(*system, options);
  return run_agent(*system, options);
}

}  // namespace smc::node
