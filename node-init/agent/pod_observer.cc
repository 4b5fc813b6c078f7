#include "node-init/agent/pod_observer.h"

#include <optional>
#include <set>
#include <utility>

#include "node-init/kernel/smc_devices.h"

namespace smc::node {
namespace {

void note_problem(Observation& observation, const std::string& where, const Error& error) {
  if (observation.problems++ == 0) observation.problem = where + ": " + error.text();
}

}  // namespace

Result<Observation> PodObserver::observe(const std::function<bool()>& stop) {
  auto found = find_net_namespaces(system_);
  if (!found) return found.error();
  Observation observation;
  observation.dropped = found->dropped;
  peers_.drop_old(system_.now());
  drop_ended(*found);
  observe_node(observation);
  for (const PodNamespace& space : found->of_pods) {
    if (stop()) break;
    const auto [own, is_first] = observation.spaces.try_emplace(space.pod_uid, space);
    if (!is_first && space.started < own->second.started) own->second = space;
    observe_namespace(space, observation);
  }
  for (auto& [uid, pod] : pods_) {
    ScopeStats& stats = observation.pods[uid];
    stats.counts = pod.gone;
    for (const auto& [inode, totals] : pod.live) stats.counts.add(totals.counts());
    stats.sockets = std::exchange(pod.sockets, {});
    stats.setups = std::exchange(pod.setups, {});
  }
  return observation;
}

void PodObserver::drop_ended(const NetNamespaces& found) {
  std::map<std::string, std::set<std::uint64_t>> there;
  for (const PodNamespace& space : found.of_pods) there[space.pod_uid].insert(space.inode);
  std::erase_if(pods_, [&](const auto& pod) { return !there.contains(pod.first); });
  for (auto& [uid, pod] : pods_) {
    const std::set<std::uint64_t>& still_there = there[uid];
    std::erase_if(pod.live, [&still_there, &gone = pod.gone](const auto& space) {
      if (still_there.contains(space.first)) return false;
      gone.add(space.second.counts());
      return true;
    });
  }
}

void PodObserver::observe_node(Observation& observation) {
  const NamespaceReading reading = read_namespace(system_, peers_);
  if (reading.problem) note_problem(observation, "the node", *reading.problem);
  node_.update(reading);
  observation.node.counts = node_.counts();
  observation.node.sockets = reading.sockets.value_or(SocketCounts{});
  if (const auto devices = smc_devices(system_))
    observation.active_pnetids = active_pnetids(*devices);
}

void PodObserver::observe_namespace(const PodNamespace& space, Observation& observation) {
  NamespaceReading reading;
  std::optional<NamespaceSetup> setup;
  const auto entered = inside(system_, space, [&]() -> Result<void> {
    reading = read_namespace(system_, peers_);
    if (auto read = read_namespace_setup(system_))
      setup = *std::move(read);
    else if (!reading.problem)
      reading.problem = read.error();
    return {};
  });
  if (!entered) return note_problem(observation, "pod " + space.pod_uid, entered.error());
  if (!*entered) return;
  ++observation.namespaces;
  if (reading.problem) note_problem(observation, "pod " + space.pod_uid, *reading.problem);
  Pod& pod = pods_[space.pod_uid];
  pod.live[space.inode].update(reading);
  if (setup) pod.setups.push_back(*std::move(setup));
  for (const auto& [kind, count] : reading.sockets.value_or(SocketCounts{}))
    pod.sockets[kind] += count;
}

}  // namespace smc::node
