#include "node-init/agent/cluster/pod_list.h"

#include <utility>

#include <nlohmann/json.hpp>

namespace smc::node {

void PodList::mark_gone(const PodFacts& pod) {
  gone_.insert(pod.cgroup_uid);
}

void PodList::replace(const std::vector<nlohmann::json>& all) {
  std::map<std::string, PodFacts> now;
  for (const nlohmann::json& object : all)
    if (auto pod = read_pod(object)) now.insert_or_assign(pod->uid, *pod);
  const std::lock_guard lock(mutex_);
  for (const auto& [uid, pod] : pods_)
    if (!now.contains(uid)) mark_gone(pod);
  for (const auto& [uid, pod] : now) {
    names_[pod.cgroup_uid] = {pod.ns, pod.name};
    gone_.erase(pod.cgroup_uid);
  }
  pods_ = std::move(now);
}

void PodList::apply(const kube::WatchEvent& event) {
  const auto pod = read_pod(event.object);
  if (!pod) return;
  const std::lock_guard lock(mutex_);
  if (event.type == kube::WatchEvent::Type::kDeleted) {
    if (pods_.erase(pod->uid) != 0) mark_gone(*pod);
    return;
  }
  pods_[pod->uid] = *pod;
  names_[pod->cgroup_uid] = {pod->ns, pod->name};
  gone_.erase(pod->cgroup_uid);
}

std::vector<PodFacts> PodList::pods() const {
  std::vector<PodFacts> all;
  const std::lock_guard lock(mutex_);
  all.reserve(pods_.size());
  for (const auto& [uid, pod] : pods_) all.push_back(pod);
  return all;
}

std::optional<PodFacts> PodList::pod_of(const std::string& uid) const {
  const std::lock_guard lock(mutex_);
  const auto pod = pods_.find(uid);
  if (pod == pods_.end() || pod->second.is_static) return std::nullopt;
  return pod->second;
}

PodName PodList::name_of(const std::string& cgroup_uid) const {
  const std::lock_guard lock(mutex_);
  const auto found = names_.find(cgroup_uid);
  return found == names_.end() ? PodName{} : found->second;
}

void PodList::forget_gone(const std::set<std::string>& cgroup_uids) {
  const std::lock_guard lock(mutex_);
  std::erase_if(gone_, [&](const std::string& uid) {
    if (cgroup_uids.contains(uid)) return false;
    names_.erase(uid);
    return true;
  });
}

}  // namespace smc::node
