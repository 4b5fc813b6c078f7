// The groups about the API server and the webhook.
#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "base/base64.h"
#include "base/json_text.h"
#include "base/json_value.h"
#include "base/version.h"
#include "certs/inspect.h"
#include "kubectl/check.h"
#include "kubectl/check_parts.h"
#include "kubectl/objects.h"
#include "kubectl/release_config.h"

namespace smc::kubectl {
namespace {

using nlohmann::json;

// What the chart asks for (kubeVersion).
constexpr int kOldestMinor = 20;

// The minor of "v1.29.3-gke.100"; 0 where it has none.
int minor_of(const std::string& version) {
  int minor = 0;
  if (version.starts_with("v1."))
    std::from_chars(version.data() + 3, version.data() + version.size(), minor);
  return minor;
}

std::int64_t seconds_until(const Snapshot& snapshot, std::chrono::system_clock::time_point then) {
  return std::chrono::duration_cast<std::chrono::seconds>(then - snapshot.now).count();
}

std::string logs_hint(const json& webhook) {
  return "kubectl -n " + text_at(webhook, "/clientConfig/service/namespace") + " logs deployment/" +
         text_at(webhook, "/clientConfig/service/name");
}

// One webhook of the object; its caBundle is what the API server trusts.
Finding judge_bundle(const Snapshot& snapshot, const json& webhook) {
  const auto pem = base64_decode(text_at(webhook, "/clientConfig/caBundle"));
  if (!pem || pem->empty())
    return {Verdict::kFail, "caBundle is empty: the API server trusts no replica",
            "the webhook fills it in when it runs: " + logs_hint(webhook)};
  const auto certificates = certs::read_certificates(*pem);
  if (!certificates)
    return {Verdict::kFail, "caBundle cannot be read: " + certificates.error().text(),
            "the webhook puts it right when it runs: " + logs_hint(webhook)};
  const auto last = std::ranges::max_element(*certificates, {}, &certs::CertificateInfo::not_after);
  const std::int64_t left = seconds_until(snapshot, last->not_after);
  const std::string when = distance_text(left);
  if (left <= 0)
    return {Verdict::kFail, "caBundle expired " + when,
            "the webhook renews it when it runs: " + logs_hint(webhook)};
  if (left < kSoonS)
    return {Verdict::kWarn, "caBundle ends " + when,
            "it should have been renewed long ago: " + logs_hint(webhook)};
  return {Verdict::kPass, "caBundle: " + counted(certificates->size(), "certificate") +
                              ", valid, the last one ends " + when};
}

// The CA that the replicas sign with must be one that the API server trusts.
Finding judge_authority(const std::string& name, const std::string& pem, const json& webhook) {
  const auto signs = certs::read_certificates(pem);
  const auto bundle = certs::read_certificates(
      base64_decode(text_at(webhook, "/clientConfig/caBundle")).value_or(""));
  if (!signs)
    return {Verdict::kFail, "secret " + name + ": " + signs.error().text(),
            "delete the Secret: the webhook makes a new CA, which is in use within minutes"};
  const bool trusted =
      bundle && std::ranges::any_of(*bundle, [&](const certs::CertificateInfo& each) {
        return each.sha256 == signs->front().sha256;
      });
  if (trusted) return {Verdict::kPass, "caBundle holds the CA of secret " + name};
  return {Verdict::kFail, "caBundle lacks the CA of secret " + name + ", which replicas sign with",
          "the webhook puts it right within a minute when it runs: " + logs_hint(webhook)};
}

void judge_object(const Snapshot& snapshot, const json& object, std::vector<Finding>& out) {
  const json& webhooks = items_of(object, "webhooks");
  const std::string name = text_at(object, "/metadata/name");
  if (webhooks.empty()) {
    out.push_back({Verdict::kFail, name + " has no webhook in it", "helm upgrade puts it back"});
    return;
  }
  const json& webhook = webhooks.front();
  out.push_back({Verdict::kPass, name + ", failurePolicy " + text_at(webhook, "/failurePolicy")});
  out.push_back(judge_bundle(snapshot, webhook));
  const std::string ns = text_at(webhook, "/clientConfig/service/namespace");
  const std::string secret = ns + "/" + text_at(webhook, "/clientConfig/service/name") + "-ca";
  if (const auto known = snapshot.authorities.find(secret); known != snapshot.authorities.end())
    out.push_back(judge_authority(secret, known->second, webhook));
}

Finding judge_workload(const json& workload) {
  const bool daemon_set = workload.contains("/status/desiredNumberScheduled"_json_pointer);
  const int wanted = daemon_set ? workload.value("/status/desiredNumberScheduled"_json_pointer, 0)
                                : workload.value("/spec/replicas"_json_pointer, 1);
  const int ready = workload.value(
      daemon_set ? "/status/numberReady"_json_pointer : "/status/readyReplicas"_json_pointer, 0);
  const std::string what = label_of(workload, kComponentLabel) + ": " + std::to_string(ready) +
                           " of " + std::to_string(wanted) + " pods ready (" + name_of(workload) +
                           ")";
  if (ready >= wanted && wanted > 0) return {Verdict::kPass, what};
  const std::string hint =
      "kubectl -n " + namespace_of(workload) +
      " get pods -l app.kubernetes.io/component=" + label_of(workload, kComponentLabel);
  if (wanted == 0 && daemon_set)
    return {Verdict::kWarn, what, "its nodeSelector takes no node: helm get values"};
  return {ready == 0 ? Verdict::kFail : Verdict::kWarn, what, hint};
}

Finding judge_versions(const Snapshot& snapshot) {
  std::map<std::string, std::set<std::string>> parts;  // by version
  for (const json& pod : snapshot.own_pods.items)
    if (is_live(pod)) parts[version_of(pod)].insert(label_of(pod, kComponentLabel));
  parts[kVersion].insert("kubectl-smc");
  if (parts.size() == 1)
    return {Verdict::kPass, "version " + std::string(kVersion) + " everywhere"};
  Finding finding{Verdict::kWarn,
                  "versions differ",
                  "wait for the upgrade's end (helm status), then take the kubectl-smc of it",
                  {}};
  for (const auto& [version, components] : parts) {
    std::string line = version + ":";
    for (const std::string& component : components) line += " " + component;
    finding.details.push_back(line);
  }
  return finding;
}

std::string injected_how(const json& pod) {
  const auto containers = pod.value("/spec/initContainers"_json_pointer, json::array());
  const bool privileged = std::ranges::any_of(containers, [](const json& each) {
    return each.value("/securityContext/privileged"_json_pointer, false);
  });
  return privileged ? "privileged" : "agent";
}

Finding not_injected(const Snapshot& snapshot, const DryRun& run) {
  Finding finding{Verdict::kFail,
                  "an annotated pod in namespace " + run.ns + " is not injected",
                  "is the webhook reachable from the API server (firewall, port 8443)? its "
                  "failurePolicy lets pods pass",
                  {}};
  for (const std::string& warning : run.warnings)
    finding.details.push_back(printable(warning, kMaxShown));
  if (!run.warnings.empty()) finding.hint = "the warning says why; another namespace: -n NS";
  const auto excluded = release_config(snapshot).excluded_namespaces;
  if (std::ranges::find(excluded, run.ns) != excluded.end() ||
      std::ranges::any_of(snapshot.webhooks.items, [&](const json& object) {
        return text_at(object, "/webhooks/0/clientConfig/service/namespace") == run.ns;
      })) {
    finding.verdict = Verdict::kWarn;
    finding.hint = "pods of this namespace are left alone on purpose: try another with -n NS";
  }
  return finding;
}

}  // namespace

Group check_server(const Snapshot& snapshot) {
  Group group{"API server", {}};
  const std::string what =
      snapshot.server + ", " + snapshot.version + ", context " + snapshot.context;
  const int minor = minor_of(snapshot.version);
  if (minor != 0 && minor < kOldestMinor)
    group.findings.push_back({Verdict::kFail, what, "Kubernetes 1.20 or later is needed"});
  else
    group.findings.push_back({Verdict::kPass, what});
  return group;
}

Group check_webhook(const Snapshot& snapshot) {
  Group group{"Webhook", {}};
  const Objects& webhooks = snapshot.webhooks;
  if (webhooks.error) {
    group.findings.push_back(unread("webhook objects", *webhooks.error));
  } else if (webhooks.items.empty()) {
    group.findings.push_back({Verdict::kFail, "no MutatingWebhookConfiguration of the project",
                              "install the chart: helm install smc charts/smc-webhook"});
  }
  for (const json& object : webhooks.items) judge_object(snapshot, object, group.findings);
  if (webhooks.items.size() > 1)
    group.findings.push_back({Verdict::kWarn,
                              counted(webhooks.items.size(), "release") + " in one cluster",
                              "give each its own pods with admission.objectSelector or "
                              "admission.namespaceSelector"});
  return group;
}

Group check_versions(const Snapshot& snapshot) {
  Group group{"Replicas and versions", {}};
  const Objects& workloads = snapshot.workloads;
  if (workloads.error) group.findings.push_back(unread("workloads", *workloads.error));
  bool agents = false;
  for (const json& workload : workloads.items) {
    agents |= label_of(workload, kComponentLabel) == "agent";
    group.findings.push_back(judge_workload(workload));
  }
  if (!agents && !workloads.error)
    group.findings.push_back({Verdict::kWarn, "there are no node agents",
                              "helm upgrade --set agent.enabled=true: they prepare and label "
                              "nodes, and watch pods"});
  if (!snapshot.own_pods.error) group.findings.push_back(judge_versions(snapshot));
  return group;
}

Group check_admission(const Snapshot& snapshot) {
  Group group{"Admission", {}};
  if (!snapshot.dry_run) {
    group.findings.push_back({Verdict::kWarn, "not tried", "run check again"});
    return group;
  }
  const DryRun& run = *snapshot.dry_run;
  if (run.error)
    group.findings.push_back(
        {Verdict::kWarn, "a dry run was refused: " + run.error->text(),
         run.error->hint.empty() ? "try another namespace with -n NS" : run.error->hint});
  else if (is_injected(run.pod))
    group.findings.push_back({Verdict::kPass, "an annotated pod in namespace " + run.ns +
                                                  " is injected, mode " + injected_how(run.pod)});
  else
    group.findings.push_back(not_injected(snapshot, run));
  if (!release_config(snapshot).smc_enabled)
    group.findings.push_back({Verdict::kWarn, "the mesh switch is off in the configuration",
                              "helm upgrade --set mesh.smcEnabled=true"});
  return group;
}

}  // namespace smc::kubectl
