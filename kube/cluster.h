// How to reach one API server and as whom: read from a pod's service account, from a kubeconfig
// file, or from a kubeconfig's bytes. Values; a Cluster is immutable once made and shared as
// std::shared_ptr<const Cluster>. Everything here is safe on any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace smc::kube {

// Bytes in place, or a file that is read anew for every use because somebody rotates it.
struct Material {
  std::string data;
  std::string file;

  bool empty() const { return data.empty() && file.empty(); }
  Result<std::string> read() const;
};

struct Cluster {
  std::string host;  // a name or an address, an IPv6 address without brackets
  std::uint16_t port = 443;
  bool tls = true;
  std::string base_path;        // before "/api", without a trailing slash; mostly empty
  std::string tls_server_name;  // the name its certificate must have; empty: `host`
  bool insecure_skip_tls_verify = false;
  Material authority;  // PEM; empty: the system's trust store
  Material client_certificate;
  Material client_key;
  Material token;
  std::string ns;      // of the context or the service account; may be empty
  std::string origin;  // where all this was read, for messages

  const std::string& server_name() const {
    return tls_server_name.empty() ? host : tls_server_name;
  }
  std::string address() const;  // "host:port", with brackets round an IPv6 address
};

// The directory that the kubelet mounts into every pod with a service account.
inline constexpr std::string_view kServiceAccountDirectory =
    "/var/run/secrets/kubernetes.io/serviceaccount";

// From KUBERNETES_SERVICE_HOST and _PORT and the files token, ca.crt and namespace.
Result<Cluster> in_cluster(const std::string& directory = std::string(kServiceAccountDirectory));

// The current context of a kubeconfig. Paths in it count from its own directory.
Result<Cluster> cluster_from_file(const std::string& path);

// The same from bytes that came through the API. Refuses paths: whoever may write that Secret must
// not make this process read its own files and send them away. `origin` names it in messages.
Result<Cluster> cluster_from_bytes(std::string_view yaml, const std::string& origin);

// `path` if it is not empty, else the service account if this is a pod.
Result<Cluster> find_cluster(const std::string& path);

// A kubeconfig is a few KiB; one with a certificate chain for each of 100 contexts is below this.
inline constexpr std::size_t kMaxKubeconfigBytes = 1 << 20;

}  // namespace smc::kube
