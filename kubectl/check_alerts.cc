// The group about the alerts of the chart's PrometheusRule: those whose condition can be told from
// one look. Rates cannot.
#include <algorithm>
#include <optional>

#include "base/json_value.h"
#include "kubectl/check.h"
#include "kubectl/check_parts.h"
#include "kubectl/objects.h"

namespace smc::kubectl {
namespace {

using nlohmann::json;

// The least value of a metric over all replicas; `label` is in its labels. Above zero alone where
// `above_zero`. Nothing where no replica has it.
std::optional<double> least(const Snapshot& snapshot, const std::string& name,
                            const std::string& label, bool above_zero) {
  std::optional<double> out;
  for (const auto& [pod, metrics] : snapshot.webhook_metrics)
    for (const auto& [series, value] : metrics)
      if (series.starts_with(name) && series.find(label) != std::string::npos &&
          (!above_zero || value > 0))
        out = std::min(out.value_or(value), value);
  return out;
}

class Alerts {
 public:
  explicit Alerts(const Snapshot& snapshot) : snapshot_(snapshot) {}

  void judge(bool firing, const std::string& name, const std::string& words,
             const std::string& hint) {
    ++judged_;
    if (firing) group_.findings.push_back({Verdict::kWarn, name + ": " + words, hint});
  }

  void of_webhook();
  void of_nodes();
  Group take();

 private:
  const Snapshot& snapshot_;
  std::size_t judged_ = 0;
  Group group_{"Alerts", {}};
};

void Alerts::of_webhook() {
  const auto ready = std::ranges::count_if(snapshot_.own_pods.items, [](const json& pod) {
    return label_of(pod, kComponentLabel) == "webhook" && is_ready(pod);
  });
  if (!snapshot_.own_pods.error)
    judge(ready == 0, "SmcWebhookDown", "no webhook pod is ready", "see group Replicas");
  if (snapshot_.webhook_metrics.empty()) return;
  const std::string expiry = "smc_webhook_certificate_expiration_timestamp_seconds";
  const auto now = static_cast<double>(std::chrono::system_clock::to_time_t(snapshot_.now));
  const auto ends = least(snapshot_, expiry, "", true);
  judge(ends && *ends - now < static_cast<double>(kSoonS), "SmcWebhookCertificateExpires",
        "a replica's certificate ends " +
            distance_text(static_cast<std::int64_t>(ends.value_or(now) - now)),
        "kubectl logs of the webhook say why it was not renewed");
  judge(least(snapshot_, expiry, "", false) == 0.0, "SmcWebhookNoCertificate",
        "a replica has no certificate", "kubectl logs of the webhook say why");
  judge(least(snapshot_, "smc_webhook_api_up", "what=\"certificates\"", false) == 0.0,
        "SmcWebhookApiLost", "a replica cannot keep the CA at the API server",
        "is its ClusterRole in place? kubectl logs of the webhook say what was refused");
  judge(least(snapshot_, "smc_webhook_api_up", "what=\"mesh_switch\"", false) == 0.0,
        "SmcMeshSwitchLost", "a replica cannot read the mesh switch",
        "is the ASMMeshConfig's API server reachable?");
}

void Alerts::of_nodes() {
  if (snapshot_.agents.empty()) return;
  std::size_t ready = 0;
  std::vector<std::string> failing;
  std::size_t unset = 0;
  bool all_answered = true;
  for (const auto& [node, answer] : snapshot_.agents) {
    // Of an agent that did not answer nothing is known; group Nodes and agents says so.
    if (!answer.status.is_object()) {
      all_answered = false;
      continue;
    }
    const bool is_ready = flag_of(answer.status, "ready");
    if (is_ready) ++ready;
    if (!is_ready && answer.candidate == true) failing.push_back(node);
    for (const json& pod : items_of(answer.status, "pods"))
      if (!items_of(pod, "findings").empty()) ++unset;
  }
  const bool injected = std::ranges::any_of(snapshot_.pods.items, is_injected);
  judge(injected && ready == 0 && all_answered, "SmcNoNode",
        "pods are injected and no node is ready", "see group Nodes and agents");
  judge(!failing.empty(), "SmcNodeNotReady", counted(failing.size(), "candidate") + " not ready",
        "see group Nodes and agents");
  judge(unset > 0, "SmcPodNotSetUp", counted(unset, "annotated pod") + " not set up",
        "see group Annotated workloads");
}

Group Alerts::take() {
  if (snapshot_.metrics_error)
    group_.findings.push_back(
        {Verdict::kWarn,
         "the webhook's metrics could not be read: " + snapshot_.metrics_error->text(),
         snapshot_.metrics_error->hint.empty() ? "try again" : snapshot_.metrics_error->hint});
  if (group_.findings.empty())
    group_.findings.push_back({Verdict::kPass, "none of the " + std::to_string(judged_) +
                                                   " that one look can tell would fire now"});
  return std::move(group_);
}

}  // namespace

Group check_alerts(const Snapshot& snapshot) {
  Alerts alerts(snapshot);
  alerts.of_webhook();
  alerts.of_nodes();
  return alerts.take();
}

}  // namespace smc::kubectl
