#include "node-init/agent/cluster/cluster_command.h"

#include <cstdlib>

#include "base/log.h"
#include "base/version.h"

namespace smc::node {
namespace {

kube::ClientOptions client_options() {
  kube::ClientOptions options;
  options.user_agent = std::string("smc-node-agent/") + kVersion;
  return options;
}

NodeLabel label_of(const ClusterCommand& command) {
  // The command line has refused what cannot be read.
  const auto label = parse_label(command.label);
  return label ? *label : NodeLabel{};
}

}  // namespace

Result<NodeLabel> parse_label(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    return Error{"\"" + text + "\" is no label", 0, "KEY=VALUE"};
  return NodeLabel{text.substr(0, equals), text.substr(equals + 1)};
}

Result<ObjectName> parse_object_name(const std::string& text) {
  const auto slash = text.find('/');
  const bool two = slash != std::string::npos && text.find('/', slash + 1) == std::string::npos;
  if (!two || slash == 0 || slash + 1 == text.size())
    return Error{"\"" + text + "\" names no object", 0, "NAMESPACE/NAME"};
  return ObjectName{text.substr(0, slash), text.substr(slash + 1)};
}

Result<std::shared_ptr<const kube::Cluster>> find_agents_cluster(const ClusterCommand& command) {
  using Found = std::shared_ptr<const kube::Cluster>;
  const bool in_pod = std::getenv("KUBERNETES_SERVICE_HOST") != nullptr;
  if (command.kubeconfig.empty() && !in_pod) return Found();
  auto cluster = kube::find_cluster(command.kubeconfig);
  if (!cluster && !command.kubeconfig.empty()) return cluster.error();
  if (!cluster) {
    log::error("works without the cluster: no label, no names of pods", cluster.error());
    return Found();
  }
  return Found(std::make_shared<const kube::Cluster>(*std::move(cluster)));
}

ClusterOptions cluster_options(const ClusterCommand& command) {
  ClusterOptions options;
  options.node = command.node;
  options.label = label_of(command);
  options.latch.on_after = std::chrono::seconds(command.on_after_s);
  options.latch.off_after = std::chrono::seconds(command.off_after_s);
  options.node_period = std::chrono::seconds(command.node_period_s);
  options.client = client_options();
  return options;
}

RemovalOptions removal_options(const ClusterCommand& command, std::chrono::milliseconds timeout) {
  RemovalOptions options;
  options.label = label_of(command);
  options.client = client_options();
  // So that a second attempt fits into the time.
  options.client.connect_timeout = std::chrono::seconds(3);
  options.client.request_timeout = std::chrono::seconds(8);
  options.timeout = timeout;
  return options;
}

}  // namespace smc::node
