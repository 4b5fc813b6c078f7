#include "test/chart/chart.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>

#include <sys/wait.h>
#include <yaml-cpp/yaml.h>

namespace smc::chart {
namespace {

nlohmann::json to_json(const YAML::Node& node) {
  if (node.IsMap()) {
    auto out = nlohmann::json::object();
    for (const auto& entry : node) out[entry.first.Scalar()] = to_json(entry.second);
    return out;
  }
  if (node.IsSequence()) {
    auto out = nlohmann::json::array();
    for (const auto& entry : node) out.push_back(to_json(entry));
    return out;
  }
  if (node.IsNull()) return nullptr;
  if (node.Tag() == "!") return node.Scalar();  // quoted: a string whatever it looks like
  std::int64_t number = 0;
  if (YAML::convert<std::int64_t>::decode(node, number)) return number;
  if (node.Scalar() == "true") return true;
  if (node.Scalar() == "false") return false;
  return node.Scalar();
}

std::string quoted(const std::string& word) {
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string(R"('\'')") : std::string(1, c);
  return out + "'";
}

Rendering run(const std::string& command) {
  Rendering out;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return {-1, "popen failed", {}};
  std::array<char, 1 << 16> buffer{};
  std::size_t got = 0;
  while ((got = ::fread(buffer.data(), 1, buffer.size(), pipe)) > 0)
    out.text.append(buffer.data(), got);
  const int status = ::pclose(pipe);
  out.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return out;
}

}  // namespace

std::optional<std::string> find_helm() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  const std::string base =
      cache != nullptr ? cache : std::string(home != nullptr ? home : "") + "/.cache";
  std::string helm = base + "/smc-webhook/bin/helm";
  if (std::filesystem::exists(helm)) return helm;
  return std::nullopt;
}

Rendering render_anew(const Release& release) {
  std::string command = quoted(find_helm().value_or("helm")) + " template " + quoted(release.name) +
                        " " + quoted(SMC_CHART_DIR) + " --namespace " + quoted(release.ns) +
                        " --kube-version " + quoted(release.kube_version);
  for (const std::string& value : release.set) command += " --set " + quoted(value);
  if (!release.values.empty())
    command += " --values " + quoted(std::string(SMC_CHART_DIR) + "/../../" + release.values);
  Rendering out = run(command);
  if (out.status != 0) return out;
  for (const YAML::Node& document : YAML::LoadAll(out.text))
    if (!document.IsNull()) out.objects.push_back(to_json(document));
  return out;
}

Rendering render(const Release& release) {
  static std::map<std::string, Rendering> done;
  std::string key =
      release.name + "\n" + release.ns + "\n" + release.kube_version + "\n" + release.values;
  for (const std::string& value : release.set) key += "\n" + value;
  const auto [entry, is_new] = done.try_emplace(key);
  if (is_new) entry->second = render_anew(release);
  return entry->second;
}

std::vector<nlohmann::json> Rendering::of_kind(const std::string& kind) const {
  std::vector<nlohmann::json> out;
  for (const auto& object : objects)
    if (object.at("kind") == kind) out.push_back(object);
  return out;
}

bool is_hook(const nlohmann::json& object) {
  return object["metadata"].value("annotations", nlohmann::json::object()).contains("helm.sh/hook");
}

std::vector<nlohmann::json> Rendering::lasting(const std::string& kind) const {
  std::vector<nlohmann::json> out = of_kind(kind);
  std::erase_if(out, is_hook);
  return out;
}

nlohmann::json Rendering::only(const std::string& kind, const std::string& component) const {
  std::vector<nlohmann::json> found;
  for (const auto& object : of_kind(kind))
    if (object["metadata"]["labels"]["app.kubernetes.io/component"] == component)
      found.push_back(object);
  EXPECT_EQ(found.size(), 1U) << kind << " of " << component << "\n" << text;
  return found.empty() ? nlohmann::json() : found.front();
}

const std::vector<Variant>& variants() {
  static const std::vector<Variant> all = {
      {"defaults", {}},
      {"no agent", {"agent.enabled=false"}},
      {"cert-manager", {"certificates.mode=certManager"}},
      {"cert-manager with an issuer of the user's",
       {"certificates.mode=certManager", "certificates.certManager.issuerRef.name=ours",
        "certificates.certManager.issuerRef.kind=ClusterIssuer"}},
      {"existing Secret",
       {"certificates.mode=existingSecret", "certificates.existingSecret.name=tls",
        "certificates.existingSecret.caBundle=QUJD"}},
      {"everything optional",
       {"events.enabled=true",
        "runtimeClasses.watch=true",
        "webhook.autoscaling.enabled=true",
        "networkPolicy.enabled=true",
        "monitoring.serviceMonitor.enabled=true",
        "monitoring.prometheusRule.enabled=true",
        "monitoring.dashboard.enabled=true",
        "mesh.kubeconfigSecret.name=mesh",
        "commonLabels.team=net",
        "commonAnnotations.note=x",
        "global.imagePullSecrets[0]=umbrella",
        "webhook.extraVolumes[0].name=extra",
        "webhook.extraVolumes[0].emptyDir.medium=Memory",
        "webhook.extraVolumeMounts[0].name=extra",
        "webhook.extraVolumeMounts[0].mountPath=/extra",
        "monitoring.serviceMonitor.namespace=monitoring",
        "monitoring.prometheusRule.namespace=monitoring",
        "monitoring.dashboard.namespace=monitoring",
        "imagePullSecrets[0].name=pull",
        "admission.objectSelector.matchLabels.a=b",
        "admission.namespaceSelector[0].key=k",
        "admission.namespaceSelector[0].operator=Exists",
        "webhook.podAnnotations.a=b",
        "webhook.podLabels.a=b",
        "webhook.extraArgs[0]=--client-ca=/x",
        "webhook.extraEnv[0].name=A",
        "webhook.extraEnv[0].value=b",
        "agent.ueid=SMC-1",
        "agent.uninstall.enabled=true",
        "agent.takeOver=true",
        "webhook.nodeSelector.a=b",
        "webhook.tolerations[0].operator=Exists",
        "injection.affinity.key=own/label"}},
      {"nothing optional",
       {"mesh.watch=false", "rbac.create=false", "webhook.serviceAccount.create=false",
        "webhook.serviceAccount.name=a", "agent.serviceAccount.create=false",
        "agent.serviceAccount.name=b", "webhook.podDisruptionBudget.enabled=false",
        "webhook.priorityClassName=", "agent.priorityClassName=", "imageArchitectures=null"}},
  };
  return all;
}

const std::vector<std::string>& kube_versions() {
  static const std::vector<std::string> all = {"1.20.0", "1.25.0", "1.30.0", "1.35.0"};
  return all;
}

}  // namespace smc::chart
