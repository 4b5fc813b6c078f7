// What `kubectl smc` asks an agent, below /v1/ of the server that has the probes:
//   GET  /v1/status                                         the node and its pods
//   GET  /v1/status?pod=NAMESPACE/NAME                      one pod with its sockets
//   POST /v1/syn-check?pod=NAMESPACE/NAME&target=T[&magic=] `smc-node-init syn-check --json` there
// Only with the header X-Smc-Agent-Token. Errors are {"error","hint"} with 400, 403, 404, 429 or
// 503. Handlers run on the server's thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/pod_arguments.h"
#include "http/probe_server.h"
#include "node-init/agent/agent_metrics.h"
#include "node-init/agent/cluster/pod_facts.h"
#include "node-init/agent/cluster/setup_watch.h"
#include "node-init/agent/daemon/access_token.h"
#include "node-init/agent/daemon/syn_check_runner.h"
#include "node-init/kernel/system.h"

namespace smc::node {

inline constexpr const char* kAgentTokenHeader = "X-Smc-Agent-Token";

// What the answers are made of, each asked at each request.
struct AgentApiSources {
  std::string node;  // the Node's name
  Programs programs = Programs::kSwitch;
  std::function<std::shared_ptr<const AgentSnapshot>()> snapshot;  // null: no round is over
  std::function<std::vector<PodFacts>()> pods;
  std::function<std::vector<Finding>()> findings;
};

class AgentApi {
 public:
  AgentApi(System& system, AgentApiSources sources, std::string token_file);

  // This has to outlive the server.
  void add_to(http::ProbeServer& server);

  http::Reply status(const http::Call& call);
  http::Reply syn_check(const http::Call& call);

 private:
  std::optional<http::Reply> refusal(const http::Call& call) const;
  std::optional<PodFacts> find_pod(const std::string& ns_and_name) const;
  http::Reply pod_with_sockets(const struct NodeView& view, const std::string& pod);

  System& system_;
  const AgentApiSources sources_;
  const AccessToken token_;
  SynCheckRunner runner_;
};

}  // namespace smc::node
