// `smc-webhook serve`: the admission listener on a thread of its own, the health listener, and this
// thread for signals and changed files. Once a process.
#pragma once

#include <string>

#include "webhook/cluster/self_managed.h"

namespace smc::webhook {

struct ServeOptions {
  std::string config;  // empty: the defaults
  std::string listen = "[::]:8443";
  // where a mounted Secret of type kubernetes.io/tls has them
  std::string tls_cert = "/etc/smc-webhook/tls/tls.crt";
  std::string tls_key = "/etc/smc-webhook/tls/tls.key";
  std::string client_ca;  // empty: clients need no certificate
  std::string health_listen = "[::]:8080";
  std::string memory_limit;         // a quantity; empty: that of the control group
  SelfManagedOptions self_managed;  // in place of tls_cert and tls_key
  std::string kubeconfig;        // of the cluster that it serves; empty: the pod's service account
  bool mesh_watch = false;       // follow the mesh switch of the cluster that it serves, or
  std::string mesh_kubeconfig;   // of this API server; implies mesh_watch
  bool runtime_classes = false;  // read their handlers
  bool events = false;           // about decisions, on the pods' owners
};

// Serves until SIGTERM or SIGINT. Exit code: 0 drained, 1 a second signal cut the drain short, 2
// could not start (the error and a hint are on standard error).
int serve(const ServeOptions& options);

}  // namespace smc::webhook
