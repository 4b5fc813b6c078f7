// The node agents behind the API server's pods/proxy: which there are, and what each answers below
// /v1. An agent's answers are for those who may read its token, a Secret of the release's
// namespace. For the main thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "kube/client.h"

namespace smc::kubectl {

struct AgentPod {
  std::string ns, name;
  std::string node;
  std::string secret;  // that holds its token
  std::string version;
  int port = 0;
  bool on_loopback = false;  // where the API server's proxy does not reach it
};

// Of a pod of the project's; nothing where it is no agent that could be asked.
std::optional<AgentPod> agent_pod(const nlohmann::json& pod);

// What an answer that is no success means. `agent` names who was asked. A 404 that is no JSON is
// that of an agent which is too old; a metav1.Status is the API server's own. Pure function.
kube::ApiError agent_error(const AgentPod& agent, std::string_view method, int status,
                           std::string_view body);

class Agents {
 public:
  // It must outlive this. Each question ends within its request_timeout.
  explicit Agents(kube::Client& client) : client_(client) {}

  // Finds the agents, in the namespace or, where it is empty, in all.
  kube::Outcome<void> find(const std::string& ns);
  void take(std::vector<AgentPod> pods) { pods_ = std::move(pods); }

  const std::vector<AgentPod>& pods() const { return pods_; }
  const AgentPod* on_node(const std::string& node) const;

  // `path` as "/v1/status", with its query. The answer is a JSON object.
  kube::Outcome<nlohmann::json> ask(const AgentPod& agent, const char* method,
                                    const std::string& path);
  // "/metrics", which needs no token.
  kube::Outcome<std::string> metrics(const std::string& ns, const std::string& pod, int port);

 private:
  kube::Outcome<std::string> token(const AgentPod& agent);

  kube::Client& client_;
  std::vector<AgentPod> pods_;
  std::map<std::string, std::string> tokens_;  // by "NAMESPACE/SECRET"
};

}  // namespace smc::kubectl
