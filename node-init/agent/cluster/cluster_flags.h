// The part of smc-node-agent's command line that is about the cluster. For the main thread.
#pragma once

#include <CLI/CLI.hpp>

#include "node-init/agent/cluster/cluster_command.h"

namespace smc::node {

inline CLI::Validator parsed_by(bool (*reads)(const std::string&), const std::string& form) {
  return {[reads, form](std::string& text) { return reads(text) ? std::string() : form; }, form};
}

inline void add_cluster_flags(CLI::App* command, ClusterCommand& cluster) {
  command->add_option("--kubeconfig", cluster.kubeconfig,
                      "the API server and who asks it; default: the pod's service account, and "
                      "without one no cluster");
  command->add_option("--node-name", cluster.node, "the Node that this agent speaks for")
      ->envname("NODE_NAME");
  command
      ->add_option(
          "--label", cluster.label,
          "of Nodes that can carry SMC-R; default " + NodeLabel().key + "=" + NodeLabel().value)
      ->check(
          parsed_by([](const std::string& text) { return parse_label(text).ok(); }, "KEY=VALUE"));
  command
      ->add_option("--daemonset", cluster.daemonset,
                   "NAMESPACE/NAME of the agents: as long as it is there, an agent that ends is "
                   "replaced and takes nothing back")
      ->check(parsed_by([](const std::string& text) { return parse_object_name(text).ok(); },
                        "NAMESPACE/NAME"));
}

inline void add_label_flags(CLI::App* run, ClusterCommand& cluster) {
  const auto seconds = [&](const char* flag, int& value, const std::string& what) {
    run->add_option(flag, value, what + "; default " + std::to_string(value))
        ->check(CLI::Range(1, 3600));
  };
  seconds("--label-after", cluster.on_after_s,
          "seconds for which the node has to be ready before it gets its label");
  seconds("--unlabel-after", cluster.off_after_s,
          "seconds for which it has to be not ready before it loses it");
  seconds("--node-period", cluster.node_period_s,
          "seconds after which a label that somebody changed is put right");
}

}  // namespace smc::node
