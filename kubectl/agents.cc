#include "kubectl/agents.h"

#include <algorithm>

#include "base/base64.h"
#include "base/json_text.h"
#include "base/json_value.h"
#include "kubectl/objects.h"

namespace smc::kubectl {
namespace {

using kube::ApiError;
using kube::Failure;
using kube::Outcome;
using nlohmann::json;

constexpr const char* kTokenHeader = "X-Smc-Agent-Token";

std::string proxy_path(const std::string& ns, const std::string& pod, int port) {
  return "/api/v1/namespaces/" + kube::percent_encode(ns) + "/pods/" + kube::percent_encode(pod) +
         ":" + std::to_string(port) + "/proxy";
}

// The port called "metrics", which is also that of /v1.
int metrics_port(const json& pod) {
  const auto containers = pod.value("/spec/containers"_json_pointer, json::array());
  for (const json& container : containers) {
    const json& ports = items_of(container, "ports");
    for (const json& port : ports)
      if (text_at(port, "/name") == "metrics") return port.value("containerPort", 0);
  }
  return 0;
}

// agent.listenAddress of the chart is a loopback address: "--listen=[127.0.0.1]:9465".
bool listens_on_loopback(const json& pod) {
  const auto containers = pod.value("/spec/containers"_json_pointer, json::array());
  for (const json& container : containers)
    for (const json& argument : items_of(container, "args")) {
      const std::string text = argument.is_string() ? argument.get<std::string>() : "";
      if (text.starts_with("--listen=[127.") || text.starts_with("--listen=[::1]")) return true;
    }
  return false;
}

std::string owner_of(const json& pod, std::string_view kind) {
  const auto owners = pod.value("/metadata/ownerReferences"_json_pointer, json::array());
  for (const json& owner : owners)
    if (text_at(owner, "/kind") == kind) return text_at(owner, "/name");
  return {};
}

std::string role_hint(const AgentPod& agent) {
  return "bind the Role of the README's section \"On call\" in namespace " + agent.ns +
         ": pods (list), pods/proxy (get, create), secrets (get " + agent.secret + ")";
}

// The API server's own refusal, a metav1.Status.
std::string status_hint(const AgentPod& agent, int status) {
  switch (status) {
    case 401:
      return "the token or client certificate is expired: log in again";
    case 403:
      return role_hint(agent);
    case 404:
      return "the agent's pod is gone or being replaced: try again";
    default:
      if (agent.on_loopback)
        return "it listens on a loopback address, which only its node reaches: helm upgrade with "
               "agent.listenAddress empty";
      return "the API server cannot reach the agent at its port " + std::to_string(agent.port) +
             ": is the pod ready, and is no firewall between?";
  }
}

bool is_success(int status) {
  return status >= 200 && status < 300;
}

}  // namespace

std::optional<AgentPod> agent_pod(const json& pod) {
  if (label_of(pod, kComponentLabel) != "agent" || !is_live(pod)) return std::nullopt;
  AgentPod agent{namespace_of(pod),
                 text_at(pod, "/metadata/name"),
                 text_at(pod, "/spec/nodeName"),
                 owner_of(pod, "DaemonSet") + "-access",
                 version_of(pod),
                 metrics_port(pod),
                 listens_on_loopback(pod)};
  if (agent.port == 0 || agent.node.empty()) return std::nullopt;
  return agent;
}

ApiError agent_error(const AgentPod& agent, std::string_view method, int status,
                     std::string_view body) {
  ApiError error;
  error.failure = Failure::kStatus;
  error.status = status;
  const std::string asked = std::string(method) + " the agent of node " + agent.node + " (" +
                            agent.ns + "/" + agent.name + "): " + std::to_string(status) + ": ";
  const json answer = json::parse(body, nullptr, false);
  if (answer.is_object() && text_at(answer, "/kind") == "Status") {
    error.reason = shown_at(answer, "/reason");
    error.what = asked + shown_at(answer, "/message");
    error.hint = status_hint(agent, status);
  } else if (answer.is_object() && answer.contains("error")) {
    error.what = asked + shown_at(answer, "/error");
    error.hint = shown_at(answer, "/hint");
  } else if (status == 404) {
    error.what = asked + "it does not know this question: version " + agent.version + " is older";
    error.hint = "upgrade the release: helm upgrade";
  } else {
    std::string text(body.substr(0, kMaxShown));
    text.erase(text.find_last_not_of(" \r\n") + 1);
    error.what = asked + printable(text, kMaxShown);
    error.hint = status_hint(agent, status);
  }
  return error;
}

Outcome<void> Agents::find(const std::string& ns) {
  const auto found = client_.list({kube::kPods, ns, "", ""}, {std::string(kPartOf), ""});
  if (!found) {
    ApiError error = found.error();
    if (error.lacks_right() && ns.empty())
      error.hint = "name the release's namespace, where you may list pods: --release-namespace NS";
    return error;
  }
  pods_.clear();
  for (const json& pod : found->items)
    if (auto agent = agent_pod(pod)) pods_.push_back(std::move(*agent));
  return {};
}

const AgentPod* Agents::on_node(const std::string& node) const {
  const auto found = std::ranges::find(pods_, node, &AgentPod::node);
  return found == pods_.end() ? nullptr : &*found;
}

Outcome<std::string> Agents::token(const AgentPod& agent) {
  const std::string key = agent.ns + "/" + agent.secret;
  if (const auto known = tokens_.find(key); known != tokens_.end()) return known->second;
  const auto secret = client_.get({kube::kSecrets, agent.ns, agent.secret, ""});
  if (!secret) {
    ApiError error = secret.error();
    if (error.lacks_right()) error.hint = role_hint(agent);
    if (error.not_found())
      error.hint = "an older release has none, and its agents answer nothing: helm upgrade";
    return error;
  }
  const auto decoded = base64_decode(text_at(*secret, "/data/token"));
  if (!decoded || decoded->empty())
    return kube::make_error(Failure::kAnswer, "secret " + key + " holds no token",
                            "delete the Secret and run helm upgrade, which makes it anew");
  tokens_[key] = *decoded;
  return *decoded;
}

Outcome<json> Agents::ask(const AgentPod& agent, const char* method, const std::string& path) {
  const Outcome<std::string> secret = token(agent);
  if (!secret) return secret.error();
  const auto answer = client_.ask(
      {method, proxy_path(agent.ns, agent.name, agent.port) + path, {{kTokenHeader, *secret}}});
  if (!answer) return answer.error();
  if (!is_success(answer->status)) return agent_error(agent, method, answer->status, answer->body);
  json body = json::parse(answer->body, nullptr, false);
  if (body.is_object()) return body;
  return kube::make_error(
      Failure::kAnswer, "agent " + agent.ns + "/" + agent.name + ": its answer is no JSON object",
      "does something else listen at its port " + std::to_string(agent.port) + "?");
}

Outcome<std::string> Agents::metrics(const std::string& ns, const std::string& pod, int port) {
  const auto answer = client_.ask({"GET", proxy_path(ns, pod, port) + "/metrics"});
  if (!answer) return answer.error();
  if (is_success(answer->status)) return answer->body;
  return agent_error({ns, pod, "", "", "?", port}, "GET", answer->status, answer->body);
}

}  // namespace smc::kubectl
