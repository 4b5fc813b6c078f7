// What `check` knows of a cluster when it judges: what the API server and the agents said, cut down
// to what is looked at. A value, safe on any thread.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/result.h"
#include "kube/error.h"

namespace smc::kubectl {

// A list of objects; what is there of it where reading ended with an error.
struct Objects {
  std::vector<nlohmann::json> items;
  std::optional<kube::ApiError> error;
};

// An annotated pod that the API server would have created.
struct DryRun {
  std::string ns;
  nlohmann::json pod;                 // what came back; null where it was refused
  std::vector<std::string> warnings;  // as a person who creates one sees them
  std::optional<Error> error;
};

// What one agent said; its node's name is the key.
struct AgentAnswer {
  nlohmann::json status;       // of /v1/status; null: see error
  std::optional<Error> error;  // why there is no status
  std::optional<bool> candidate;
  // of pods whose connections fall back to a peer without SMC: /v1/status?pod=…, by NS/NAME
  std::map<std::string, nlohmann::json> pods;
};

// One webhook replica's metrics: "name{labels}" and value.
using Metrics = std::map<std::string, double>;

struct Snapshot {
  std::string context;
  std::string server;                         // "host:port"
  std::string version;                        // the API server's, "v1.29.3"
  std::chrono::system_clock::time_point now;  // by the API server's clock
  std::string ns;                             // empty: all namespaces were looked at

  Objects webhooks;   // MutatingWebhookConfigurations of the project
  Objects own_pods;   // pods of the project
  Objects workloads;  // its Deployments and DaemonSets
  Objects configs;    // its ConfigMaps
  Objects nodes;
  Objects namespaces;
  Objects pods;  // of everybody
  Objects services;
  // The CA certificates that replicas sign with, PEM by "NAMESPACE/SECRET", where they may be read.
  std::map<std::string, std::string> authorities;
  std::optional<DryRun> dry_run;
  std::map<std::string, AgentAnswer> agents;
  std::map<std::string, Metrics> webhook_metrics;  // by pod
  std::optional<Error> metrics_error;              // of those that are missing there
};

}  // namespace smc::kubectl
