#include "node-init/agent/cluster/cluster_metrics.h"

#include "node-init/agent/metric_family.h"

namespace smc::node {
namespace {

void append_label(Families& out, const ReporterStatus& status) {
  Family label = gauge("smc_node_label", "1 if the Node has the label, as it was last read.");
  Family changes = counter("smc_node_label_changes_total", "Labels that were set and removed.");
  if (status.label) label.add({}, *status.label ? 1 : 0);
  for (const auto& [on, count] : status.label_changes)
    changes.add({{"to", on ? "on" : "off"}}, static_cast<double>(count));
  out.push_back(label.take());
  out.push_back(changes.take());
}

void append_findings(Families& out, const std::vector<Finding>& findings) {
  Family not_set_up = gauge("smc_node_annotated_not_set_up",
                            "1 for each running pod that asks for SMC and is not set up for it.");
  for (const Finding& finding : findings)
    not_set_up.add({{"namespace", finding.pod.ns},
                    {"pod", finding.pod.name},
                    {"pod_uid", finding.pod.uid},
                    {"reason", std::string(reason_name(finding.reason))}},
                   1);
  out.push_back(not_set_up.take());
}

void append_mesh(Families& out, const MeshFollower::State& mesh) {
  Family enabled = gauge("smc_node_mesh_smc_enabled",
                         "1 while the mesh switch lets pods be set up; absent until it is known.");
  if (mesh.known) enabled.add({}, mesh.on ? 1 : 0);
  out.push_back(enabled.take());
}

void append_api(Families& out, const std::map<ApiTask, ApiState>& states,
                const MeshFollower::State& mesh) {
  Family up = gauge("smc_node_api_up", "1 if the last attempt to ask the API server worked.");
  Family errors =
      counter("smc_node_api_errors_total", "Attempts to ask the API server that failed.");
  for (const auto& [task, state] : states) {
    const Labels what = {{"what", std::string(task_name(task))}};
    up.add(what, state.up ? 1 : 0);
    errors.add(what, static_cast<double>(state.errors));
  }
  // Its watch tells of a change alone, so its attempts are not counted.
  if (mesh.up) up.add({{"what", "mesh_switch"}}, *mesh.up ? 1 : 0);
  out.push_back(up.take());
  out.push_back(errors.take());
}

}  // namespace

std::string cluster_metrics_text(const ReporterStatus& status,
                                 const std::map<ApiTask, ApiState>& states,
                                 const MeshFollower::State& mesh) {
  Families families;
  append_label(families, status);
  append_findings(families, status.findings);
  append_mesh(families, mesh);
  append_api(families, states, mesh);
  Family dropped = counter("smc_node_events_dropped_total", "Events that nobody got to read.");
  dropped.add({}, static_cast<double>(status.events_dropped));
  families.push_back(dropped.take());
  return text_of(families);
}

}  // namespace smc::node
