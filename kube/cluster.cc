#include "kube/cluster.h"

#include <charconv>
#include <cstdlib>

#include <unistd.h>

#include "base/file.h"

namespace smc::kube {
namespace {

// A token or a certificate chain; etcd lets no Secret be larger.
constexpr std::size_t kMaxMaterialBytes = 1 << 20;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

std::string trimmed(std::string text) {
  const std::size_t end = text.find_last_not_of(" \t\r\n");
  text.erase(end == std::string::npos ? 0 : end + 1);
  return text;
}

}  // namespace

Result<std::string> Material::read() const {
  if (file.empty()) return data;
  return read_file(file, kMaxMaterialBytes);
}

std::string Cluster::address() const {
  const bool ipv6 = host.find(':') != std::string::npos;
  return (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<Cluster> in_cluster(const std::string& directory) {
  const std::string host = environment("KUBERNETES_SERVICE_HOST");
  const std::string port = environment("KUBERNETES_SERVICE_PORT");
  if (host.empty() || port.empty())
    return Error{"KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set", 0,
                 "outside of a cluster give a kubeconfig with --kubeconfig"};
  Cluster cluster;
  cluster.host = host;
  const auto [end, bad] = std::from_chars(port.data(), port.data() + port.size(), cluster.port);
  if (bad != std::errc() || end != port.data() + port.size() || cluster.port == 0)
    return Error{"KUBERNETES_SERVICE_PORT is \"" + port + "\"", 0, "it must be 1 to 65535"};
  cluster.origin = "service account in " + directory;
  cluster.token.file = directory + "/token";
  cluster.authority.file = directory + "/ca.crt";
  for (const Material* needed : {&cluster.token, &cluster.authority})
    if (Result<std::string> content = needed->read(); !content) {
      content.error().hint = "the pod needs a service account with automountServiceAccountToken";
      return content.error();
    }
  // Absent in pods whose projected volume leaves it out; then the caller must know its namespace.
  if (const Result<std::string> ns = read_file(directory + "/namespace", 4096))
    cluster.ns = trimmed(*ns);
  return cluster;
}

Result<Cluster> find_cluster(const std::string& path) {
  return path.empty() ? in_cluster() : cluster_from_file(path);
}

}  // namespace smc::kube
