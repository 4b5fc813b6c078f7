#include "node-init/agent/cluster/cluster_flags.h"

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

NodeLabel label_of(const ClusterFlags& flags) {
  // The command line has refused what cannot be read.
  const auto label = parse_label(flags.label);
  return label ? *label : NodeLabel{};
}

MeshOptions mesh_options(const ClusterFlags& flags,
                         const std::shared_ptr<const kube::Cluster>& cluster) {
  MeshOptions options;
  options.configured = flags.mesh_smc;
  if (!flags.mesh_watch && flags.mesh_kubeconfig.empty()) return options;
  options.watch = agent_mesh_watch();
  options.watch->kubeconfig = flags.mesh_kubeconfig;
  if (flags.mesh_kubeconfig.empty()) options.watch->cluster = cluster;
  return options;
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

Result<std::shared_ptr<const kube::Cluster>> find_cluster(const ClusterFlags& flags) {
  using Found = std::shared_ptr<const kube::Cluster>;
  const bool in_pod = std::getenv("KUBERNETES_SERVICE_HOST") != nullptr;
  if (flags.kubeconfig.empty() && !in_pod) return Found();
  auto cluster = kube::find_cluster(flags.kubeconfig);
  if (!cluster && !flags.kubeconfig.empty()) return cluster.error();
  if (!cluster) {
    log::error("works without the cluster: no label, no names of pods", cluster.error());
    return Found();
  }
  return Found(std::make_shared<const kube::Cluster>(*std::move(cluster)));
}

Result<std::shared_ptr<const kube::Cluster>> find_cluster_of_node(const ClusterFlags& flags) {
  auto cluster = find_cluster(flags);
  if (!cluster || !*cluster || !flags.node.empty()) return cluster;
  log::warn("works without the cluster: no label, no names of pods",
            {{"hint", "name the Node with --node-name or NODE_NAME"}});
  return std::shared_ptr<const kube::Cluster>();
}

ClusterOptions cluster_options(const ClusterFlags& flags,
                               const std::shared_ptr<const kube::Cluster>& cluster) {
  ClusterOptions options;
  options.node = flags.node;
  options.label = label_of(flags);
  options.latch.on_after = std::chrono::seconds(flags.on_after_s);
  options.latch.off_after = std::chrono::seconds(flags.off_after_s);
  options.node_period = std::chrono::seconds(flags.node_period_s);
  options.client = client_options();
  options.mesh = mesh_options(flags, cluster);
  return options;
}

RemovalOptions removal_options(const ClusterFlags& flags, std::chrono::milliseconds timeout) {
  RemovalOptions options;
  options.label = label_of(flags);
  options.client = client_options();
  // So that a second attempt fits into the time.
  options.client.connect_timeout = std::chrono::seconds(3);
  options.client.request_timeout = std::chrono::seconds(8);
  options.timeout = timeout;
  return options;
}

}  // namespace smc::node
