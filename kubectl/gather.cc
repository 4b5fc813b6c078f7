#include "kubectl/gather.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <random>

#include "base/base64.h"
#include "base/json_value.h"
#include "base/keys.h"
#include "kubectl/agents.h"
#include "kubectl/objects.h"

namespace smc::kubectl {
namespace {

using kube::Client;
using kube::ClientOptions;
using kube::Outcome;
using nlohmann::json;

const kube::Resource kDeployments{"apps", "v1", "deployments", true};
const kube::Resource kDaemonSets{"apps", "v1", "daemonsets", true};
const kube::Resource kConfigMaps{"", "v1", "configmaps", true};
const kube::Resource kServices{"", "v1", "services", true};

constexpr std::size_t kMaxServices = 20'000;
constexpr std::size_t kMaxNodes = 5'000;  // what Kubernetes is tested with

class Gatherer {
 public:
  Gatherer(const Session& session, const GatherOptions& options,
           const std::function<void(const std::string&)>& on_step)
      : session_(session),
        options_(options),
        on_step_(on_step),
        client_(session.client()),
        agents_(client_) {}

  Outcome<Snapshot> run();

 private:
  Objects list(const std::string& what, const kube::Target& target, const kube::Selector& selector,
               std::size_t max, std::function<void(json&)> reduce = {});
  Outcome<void> read_server();
  void read_release();
  void read_authorities();
  void read_cluster();
  void ask_webhooks();
  void ask_agents();
  void ask_agent(const AgentPod& agent);
  void ask_sockets();
  void try_admission();

  const Session& session_;
  const GatherOptions& options_;
  const std::function<void(const std::string&)>& on_step_;
  Client client_;
  Agents agents_;
  Snapshot out_;
};

Objects Gatherer::list(const std::string& what, const kube::Target& target,
                       const kube::Selector& selector, std::size_t max,
                       std::function<void(json&)> reduce) {
  on_step_("reading " + what);
  ClientOptions limits;
  limits.page_objects = kPageObjects;
  limits.max_objects = max;
  limits.reduce = std::move(reduce);
  Client client = session_.client(limits);
  auto found = client.list(target, selector);
  if (!found) return {{}, found.error()};
  return {std::move(found->items), std::nullopt};
}

Outcome<void> Gatherer::read_server() {
  on_step_("reaching " + session_.cluster().address());
  const auto version = client_.get_path("/version");
  if (!version) return version.error();
  out_.context = session_.context();
  out_.server = session_.cluster().address();
  out_.version = text_at(*version, "/gitVersion");
  out_.now = client_.server_now().value_or(std::chrono::system_clock::now());
  return {};
}

void Gatherer::read_release() {
  const std::string& ns = options_.release_namespace;
  const kube::Selector own{std::string(kPartOf), ""};
  const std::size_t usual = ClientOptions().max_objects;
  out_.webhooks = list("webhooks", {kube::kMutatingWebhooks, "", "", ""}, own, usual);
  out_.own_pods = list("the project's pods", {kube::kPods, ns, "", ""}, own, kMaxNodes + usual);
  out_.workloads = list("its workloads", {kDeployments, ns, "", ""}, own, usual);
  Objects sets = list("its workloads", {kDaemonSets, ns, "", ""}, own, usual);
  std::ranges::move(sets.items, std::back_inserter(out_.workloads.items));
  if (sets.error) out_.workloads.error = sets.error;
  out_.configs = list("its configuration", {kConfigMaps, ns, "", ""}, own, usual);
}

// The public half alone is kept.
void Gatherer::read_authorities() {
  for (const json& workload : out_.workloads.items) {
    if (label_of(workload, kComponentLabel) != "webhook") continue;
    const std::string ns = namespace_of(workload);
    const std::string name = text_at(workload, "/metadata/name") + "-ca";
    const auto secret = client_.get({kube::kSecrets, ns, name, ""});
    if (!secret) continue;
    if (const auto pem = base64_decode(text_at(*secret, "/data/ca.crt")))
      out_.authorities[std::string(ns).append("/").append(name)] = *pem;
  }
}

void Gatherer::read_cluster() {
  const std::size_t usual = ClientOptions().max_objects;
  out_.ns = options_.ns;
  out_.nodes = list("nodes", {kube::kNodes, "", "", ""}, {}, kMaxNodes, reduce_node);
  out_.namespaces = list("namespaces", {kube::kNamespaces, "", "", ""}, {}, 10 * usual);
  out_.pods = list("pods", {kube::kPods, options_.ns, "", ""}, {}, kMaxPods, reduce_pod);
  out_.services = list("services", {kServices, options_.ns, "", ""}, {}, kMaxServices);
}

void Gatherer::ask_webhooks() {
  constexpr int kHealthPort = 8080;  // where a pod names none
  for (const json& pod : out_.own_pods.items) {
    if (label_of(pod, kComponentLabel) != "webhook" || !is_ready(pod)) continue;
    int port = kHealthPort;
    for (const json& each : pod.value("/spec/containers/0/ports"_json_pointer, json::array()))
      if (text_at(each, "/name") == "health") port = each.value("containerPort", port);
    on_step_("asking " + name_of(pod));
    const auto text = agents_.metrics(namespace_of(pod), text_at(pod, "/metadata/name"), port);
    if (text)
      out_.webhook_metrics[name_of(pod)] = parse_metrics(*text);
    else
      out_.metrics_error = Error{text.error().what, 0, text.error().hint};
  }
}

void Gatherer::ask_agent(const AgentPod& agent) {
  AgentAnswer& answer = out_.agents[agent.node];
  const auto status = agents_.ask(agent, "GET", "/v1/status");
  if (status)
    answer.status = *status;
  else
    answer.error = Error{status.error().what, 0, status.error().hint};
  const auto text = agents_.metrics(agent.ns, agent.name, agent.port);
  if (!text) return;
  for (const auto& [name, value] : parse_metrics(*text))
    if (name.starts_with("smc_node_candidate")) answer.candidate = value != 0;
}

void Gatherer::ask_agents() {
  std::vector<AgentPod> pods;
  for (const json& pod : out_.own_pods.items)
    if (auto agent = agent_pod(pod)) pods.push_back(std::move(*agent));
  if (pods.size() > options_.max_agents) pods.resize(options_.max_agents);
  agents_.take(std::move(pods));
  std::size_t done = 0;
  for (const AgentPod& agent : agents_.pods()) {
    on_step_("asking agents: " + std::to_string(++done) + " of " +
             std::to_string(agents_.pods().size()));
    ask_agent(agent);
  }
}

// Of pods whose connections fall back to a peer without SMC, to whom they go.
void Gatherer::ask_sockets() {
  std::size_t left = options_.max_socket_pods;
  for (auto& [node, answer] : out_.agents) {
    const AgentPod* agent = agents_.on_node(node);
    for (const json& pod : items_of(answer.status, "pods")) {
      const json& fallbacks = items_of(pod, "fallbacks");
      const bool without_smc = std::ranges::any_of(
          fallbacks, [](const json& each) { return text_at(each, "/code") == "03010000"; });
      if (!without_smc || agent == nullptr || left == 0) continue;
      --left;
      const std::string name = text_at(pod, "/namespace") + "/" + text_at(pod, "/name");
      on_step_("asking about " + name);
      const auto sockets =
          agents_.ask(*agent, "GET", "/v1/status?pod=" + kube::percent_encode(name));
      if (sockets) answer.pods[name] = *sockets;
    }
  }
}

void Gatherer::try_admission() {
  on_step_("trying admission");
  const std::string& ns = options_.dry_run_namespace;
  const std::string suffix = std::to_string(std::random_device()() % 1'000'000);
  const auto answer =
      client_.ask({"POST",
                   "/api/v1/namespaces/" + kube::percent_encode(ns) + "/pods?dryRun=All",
                   {},
                   dry_run_pod(ns, suffix).dump()});
  DryRun& run = out_.dry_run.emplace();
  run.ns = ns;
  if (!answer) {
    run.error = Error{answer.error().what, 0, answer.error().hint};
    return;
  }
  run.warnings = answer->warnings;
  const json body = json::parse(answer->body, nullptr, false);
  if (answer->status >= 200 && answer->status < 300 && body.is_object()) {
    run.pod = body;
    return;
  }
  const auto refused = kube::status_error("create", {kube::kPods, ns, "", ""}, answer->status,
                                          answer->body, answer->retry_after);
  run.error = Error{refused.what, 0, refused.hint};
}

Outcome<Snapshot> Gatherer::run() {
  if (const auto reached = read_server(); !reached) return reached.error();
  read_release();
  read_cluster();
  for (const Objects* part : {&out_.own_pods, &out_.nodes, &out_.pods})
    if (part->error && (part->error->stopped() || part->error->status == 401)) return *part->error;
  read_authorities();
  try_admission();
  ask_webhooks();
  ask_agents();
  ask_sockets();
  return std::move(out_);
}

}  // namespace

json dry_run_pod(const std::string& ns, const std::string& suffix) {
  const json resources = {{"cpu", "10m"}, {"memory", "16Mi"}};
  const json container = {
      {"name", "app"},
      {"image", "registry.k8s.io/pause:3.9"},
      {"resources", {{"requests", resources}, {"limits", resources}}},
      {"securityContext",
       {{"allowPrivilegeEscalation", false}, {"capabilities", {{"drop", json::array({"ALL"})}}}}}};
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata",
           {{"name", "smc-check-" + suffix},
            {"namespace", ns},
            {"annotations", {{std::string(kEnabledAnnotation), "true"}}}}},
          {"spec",
           {{"automountServiceAccountToken", false},
            {"securityContext",
             {{"runAsNonRoot", true},
              {"runAsUser", 65532},
              {"seccompProfile", {{"type", "RuntimeDefault"}}}}},
            {"containers", json::array({container})}}}};
}

Metrics parse_metrics(std::string_view text) {
  Metrics out;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::size_t blank = line.rfind(' ');
    if (line.starts_with('#') || blank == std::string_view::npos) continue;
    double value = 0;
    const auto [end, bad] =
        std::from_chars(line.data() + blank + 1, line.data() + line.size(), value);
    if (bad == std::errc()) out[std::string(line.substr(0, blank))] = value;
  }
  return out;
}

Outcome<Snapshot> gather(const Session& session, const GatherOptions& options,
                         const std::function<void(const std::string&)>& on_step) {
  return Gatherer(session, options, on_step).run();
}

}  // namespace smc::kubectl
