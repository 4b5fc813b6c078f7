#include "node-init/agent/pod_cgroup_watch.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "node-init/agent/net_namespaces.h"
#include "node-init/agent/pod_cgroup.h"

namespace smc::node {
namespace {

// Of version 1: each controller has a tree of its own, with the same groups in all of them.
constexpr const char* kControllers[] = {"pids", "memory", "cpu", "devices", "systemd", "unified"};

// "kubepods" with the cgroupfs driver, "kubepods.slice" with systemd's, "kubelet-kubepods.slice"
// where the kubelet has a group of its own.
bool holds_pods(std::string_view name) {
  return name.find("kubepods") != std::string_view::npos;
}

// The classes of pods, which systemd's names repeat: "kubepods-burstable.slice".
bool is_class(std::string_view name) {
  return holds_pods(name) || name == "besteffort" || name == "burstable" || name == "guaranteed";
}

std::string joined(const std::string& parent, std::string_view name) {
  std::string path = parent;
  path += '/';
  path += name;
  return path;
}

// Nothing for what is no control group.
std::optional<std::vector<std::string>> processes_of(System& system, const std::string& cgroup) {
  const auto content = system.read_file(cgroup + "/cgroup.procs");
  if (!content) return std::nullopt;
  std::vector<std::string> all;
  std::string_view left = *content;
  while (!left.empty()) {
    const auto line = left.substr(0, left.find('\n'));
    left.remove_prefix(std::min(line.size() + 1, left.size()));
    if (!line.empty()) all.emplace_back(line);
  }
  return all;
}

}  // namespace

// Version 2 has one tree. Of version 1 that one counts which holds pods.
std::vector<std::string> PodCgroupWatch::trees() {
  if (system_.read_file(root_ + "/cgroup.controllers")) return {root_};
  std::vector<std::string> all;
  for (const char* controller : kControllers) all.push_back(joined(root_, controller));
  all.push_back(root_);
  return all;
}

std::set<std::string> PodCgroupWatch::look() {
  problem_.clear();
  if (!events_) {
    if (auto events = system_.watch_directories())
      events_ = std::move(*events);
    else
      problem_ = events.error().text();
  }
  std::set<std::string> fresh;
  seen_.clear();
  const auto all = trees();
  const bool found =
      std::ranges::any_of(all, [&](const std::string& tree) { return look_at_tree(tree, fresh); });
  if (!found && problem_.empty()) problem_ = "no kubepods below " + root_;
  std::erase_if(pods_, [this](const auto& pod) { return !seen_.contains(pod.first); });
  return fresh;
}

// False where it holds no pods.
bool PodCgroupWatch::look_at_tree(const std::string& tree, std::set<std::string>& fresh) {
  bool found = false;
  const auto names = system_.list_directory(tree);
  for (const std::string& name : names ? *names : std::vector<std::string>()) {
    const std::string path = joined(tree, name);
    if (holds_pods(name)) {
      look_at_parent(path, fresh);
      found = true;
      continue;
    }
    // A kubelet may have its groups below one of its own (--cgroup-root).
    const auto below = system_.list_directory(path);
    for (const std::string& inner : below ? *below : std::vector<std::string>()) {
      if (!holds_pods(inner)) continue;
      look_at_parent(joined(path, inner), fresh);
      found = true;
    }
  }
  return found;
}

bool PodCgroupWatch::watch(const std::string& path) {
  if (!events_) return false;
  const auto added = events_->add(path);
  // One that has gone meanwhile is no problem.
  if (!added && added.error().code != ENOENT) problem_ = added.error().text();
  return added.ok();
}

// Watched first and listed then, so that nothing appears in between.
void PodCgroupWatch::look_at_parent(const std::string& path, std::set<std::string>& fresh) {
  if (!watched_.contains(path) && watch(path)) watched_.insert(path);
  const auto names = system_.list_directory(path);
  if (!names) {
    watched_.erase(path);
    return;
  }
  for (const std::string& name : *names) {
    if (const auto uid = pod_uid_of_component(name))
      add_pod(*uid, joined(path, name), fresh);
    else if (is_class(name))
      look_at_parent(joined(path, name), fresh);
  }
}

void PodCgroupWatch::add_pod(const std::string& uid, const std::string& path,
                             std::set<std::string>& fresh) {
  seen_.insert(uid);
  const bool known = pods_.contains(uid);
  if (!known && pods_.size() == kMaxPodNamespaces) return;
  Group& group = pods_[uid];
  if (!known) fresh.insert(uid);
  group.path = path;
  if (!group.watched) group.watched = watch(path);
}

std::set<std::string> PodCgroupWatch::take() {
  std::set<std::string> fresh;
  for (const DirectoryEvent& event : events_ ? events_->take() : std::vector<DirectoryEvent>()) {
    if (event.parent.empty()) {
      (void)look();
      for (const auto& [uid, group] : pods_) fresh.insert(uid);
      continue;
    }
    const std::string path = joined(event.parent, event.name);
    if (!watched_.contains(event.parent)) {
      const auto slash = event.parent.rfind('/');
      if (const auto uid = pod_uid_of_component(std::string_view(event.parent).substr(slash + 1)))
        fresh.insert(*uid);
    } else if (const auto uid = pod_uid_of_component(event.name)) {
      // A static pod that comes again has the UID, and the path, that it had.
      pods_.erase(*uid);
      add_pod(*uid, path, fresh);
    } else if (is_class(event.name)) {
      watched_.erase(path);  // one of that name that was there before is gone
      look_at_parent(path, fresh);
    }
  }
  return fresh;
}

std::vector<std::string> PodCgroupWatch::pods() const {
  std::vector<std::string> uids;
  for (const auto& [uid, group] : pods_) uids.push_back(uid);
  return uids;
}

std::map<std::string, std::vector<std::string>> PodCgroupWatch::containers(const std::string& uid) {
  std::map<std::string, std::vector<std::string>> found;
  const auto pod = pods_.find(uid);
  if (pod == pods_.end()) return found;
  const auto names = system_.list_directory(pod->second.path);
  for (const std::string& name : names ? *names : std::vector<std::string>()) {
    const std::string path = joined(pod->second.path, name);
    auto all = processes_of(system_, path);
    if (!all) continue;
    // Some runtimes put the processes one level deeper.
    const auto inner = all->empty() ? system_.list_directory(path) : std::vector<std::string>();
    for (const std::string& deeper : inner ? *inner : std::vector<std::string>())
      if (auto some = processes_of(system_, joined(path, deeper)))
        std::ranges::move(*some, std::back_inserter(*all));
    found.emplace(name, *std::move(all));
  }
  return found;
}

}  // namespace smc::node
