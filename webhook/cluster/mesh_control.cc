#include "webhook/cluster/mesh_control.h"

#include <utility>

#include "base/log.h"

namespace smc::webhook {
namespace {

constexpr const char* kSwitch = "mesh-switch";
constexpr const char* kMeshUse = "mesh_switch";  // of the metrics
constexpr const char* kKubeconfig = "mesh-kubeconfig";

std::string lost_text(const MeshStatus& status, bool enabled) {
  const std::string value = enabled ? "on" : "off";
  const std::string holds = decides(status.seen)
                                ? "the last known value (" + value + ") stays"
                                : "the configuration's value (" + value + ") holds";
  return "the watch is lost, " + holds + ": " + status.lost;
}

}  // namespace

MeshControl::MeshControl(Readiness& readiness, Metrics& metrics)
    : readiness_(readiness), metrics_(metrics) {}

void MeshControl::follow(MeshWatchOptions options) {
  readiness_.block(kSwitch, "it has not been read yet");
  watch_ = std::make_unique<MeshWatch>(std::move(options),
                                       [this](const MeshStatus&) { changed_.raise(); });
}

bool MeshControl::take() {
  changed_.take();
  if (!watch_) return false;
  const MeshStatus before = std::exchange(status_, watch_->status());
  report();
  if (status_.seen == before.seen) return false;
  log::info("mesh switch", {{"smc_enabled", smc_enabled(configured_, status_.seen)},
                            {"seen", to_text(status_.seen)},
                            {"source", decides(status_.seen) ? "ASMMeshConfig" : "configuration"}});
  return smc_enabled(configured_, before.seen) != smc_enabled(configured_, status_.seen);
}

std::shared_ptr<const Config> MeshControl::effective(const Config& configured) {
  configured_ = configured.mesh.smc_enabled;
  report();
  auto out = std::make_shared<Config>(configured);
  out->mesh.smc_enabled = smc_enabled(configured_, status_.seen);
  return out;
}

void MeshControl::report() {
  const bool enabled = smc_enabled(configured_, status_.seen);
  metrics_.mesh_switch(enabled, decides(status_.seen));
  if (!watch_) return;
  metrics_.api_up(kMeshUse, status_.tried && status_.lost.empty());
  if (status_.tried) readiness_.clear(kSwitch);
  if (status_.lost.empty())
    readiness_.clear_notice(kSwitch);
  else
    readiness_.notice(kSwitch, lost_text(status_, enabled));
  if (status_.kubeconfig_problem.empty() || status_.kubeconfig_problem == status_.lost)
    readiness_.clear_notice(kKubeconfig);
  else
    readiness_.notice(kKubeconfig, "not used as it is now: " + status_.kubeconfig_problem);
}

}  // namespace smc::webhook
