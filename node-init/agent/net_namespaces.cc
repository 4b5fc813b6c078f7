#include "node-init/agent/net_namespaces.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <limits>
#include <map>
#include <utility>

#include "node-init/agent/pod_cgroup.h"

namespace smc::node {
namespace {

// If one process ends between the inventory and the visit, the next one still leads in.
constexpr std::size_t kMaxPaths = 3;

bool is_process(const std::string& name) {
  return !name.empty() && name.find_first_not_of("0123456789") == std::string::npos;
}

std::string net_link(const std::string& process) {
  return "/proc/" + process + "/ns/net";
}

bool gone(int error) {
  return error == ENOENT || error == ESRCH;
}

void add_process(System& system, const AgentCgroups& agent, const std::string& process,
                 PodNamespace& space) {
  if (space.ns_paths.size() < kMaxPaths) space.ns_paths.push_back(net_link(process));
  if (!space.pod_uid.empty()) return;
  const auto cgroups = system.read_file("/proc/" + process + "/cgroup");
  if (!cgroups) return;
  if (auto uid = pod_uid_of_cgroups(*cgroups, agent)) space.pod_uid = *std::move(uid);
}

// Sets `started`. What ended meanwhile, or cannot be read, comes last.
void read_start(System& system, PodNamespace& space) {
  constexpr std::string_view kLink = "ns/net";
  std::string path = space.ns_paths.front();
  path.replace(path.size() - kLink.size(), kLink.size(), "stat");
  const auto stat = system.read_file(path);
  const auto started = stat ? process_start(*stat) : std::nullopt;
  space.started = started.value_or(std::numeric_limits<std::uint64_t>::max());
}

Result<std::uint64_t> inode_of_node(System& system) {
  const auto link = system.read_link(net_link("1"));
  if (link) return namespace_inode(*link).value_or(0);
  auto error = link.error();
  error.hint = "the agent needs the node's own /proc (hostPID) and CAP_SYS_PTRACE to look into it";
  return error;
}

// Those of these processes, but the node's own.
std::map<std::uint64_t, PodNamespace> spaces_of(System& system,
                                                const std::vector<std::string>& names,
                                                std::uint64_t node_inode) {
  const auto own_cgroups = system.read_file("/proc/self/cgroup");
  const AgentCgroups agent = own_cgroups ? AgentCgroups(*own_cgroups) : AgentCgroups();
  std::map<std::uint64_t, PodNamespace> spaces;
  for (const std::string& name : names) {
    if (!is_process(name)) continue;
    const auto link = system.read_link(net_link(name));
    if (!link) continue;
    const auto inode = namespace_inode(*link);
    if (!inode || *inode == node_inode) continue;
    PodNamespace& space = spaces[*inode];
    space.inode = *inode;
    add_process(system, agent, name, space);
  }
  return spaces;
}

using SpacesByPod = std::map<std::string, std::vector<PodNamespace>>;

SpacesByPod by_pod(System& system, std::map<std::uint64_t, PodNamespace> spaces) {
  SpacesByPod pods;
  for (auto& [inode, space] : spaces)
    if (!space.pod_uid.empty()) pods[space.pod_uid].push_back(std::move(space));
  for (auto& [uid, own] : pods) {
    if (own.size() == 1) continue;
    for (PodNamespace& space : own) read_start(system, space);
    std::ranges::stable_sort(own, {}, &PodNamespace::started);
  }
  return pods;
}

// The first of every pod, then the second of every pod, and so on, up to the limits.
void choose(SpacesByPod pods, NetNamespaces& found) {
  std::map<std::string, std::size_t> chosen;
  for (std::size_t rank = 0; rank < kMaxNamespacesOfPod; ++rank)
    for (auto& [uid, own] : pods) {
      if (rank >= own.size() || found.of_pods.size() == kMaxPodNamespaces) continue;
      found.of_pods.push_back(std::move(own[rank]));
      ++chosen[uid];
    }
  for (const auto& [uid, own] : pods)
    if (own.size() > chosen[uid]) found.dropped[uid] = own.size() - chosen[uid];
}

}  // namespace

std::optional<std::uint64_t> process_start(std::string_view stat) {
  // "PID (NAME) STATE …"; the name may hold anything, blanks and brackets included.
  constexpr int kStart = 22;
  constexpr int kState = 3;
  const auto name_end = stat.rfind(") ");
  if (name_end == std::string_view::npos) return std::nullopt;
  stat.remove_prefix(name_end + 2);
  for (int field = kState; field < kStart; ++field)
    stat.remove_prefix(std::min(stat.find(' '), stat.size() - 1) + 1);
  std::uint64_t ticks = 0;
  const auto read = std::from_chars(stat.data(), stat.data() + stat.size(), ticks);
  if (read.ec != std::errc()) return std::nullopt;
  return ticks;
}

std::optional<std::uint64_t> namespace_inode(const std::string& link) {
  constexpr std::string_view kPrefix = "net:[";
  if (!link.starts_with(kPrefix) || !link.ends_with("]")) return std::nullopt;
  std::uint64_t inode = 0;
  const char* end = link.data() + link.size() - 1;
  const auto read = std::from_chars(link.data() + kPrefix.size(), end, inode);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return inode;
}

Result<NetNamespaces> find_net_namespaces(System& system) {
  const auto node_inode = inode_of_node(system);
  if (!node_inode) return node_inode.error();
  NetNamespaces found;
  found.node_inode = *node_inode;
  const auto names = system.list_directory("/proc");
  if (!names) return names.error();
  choose(by_pod(system, spaces_of(system, *names, found.node_inode)), found);
  return found;
}

Result<std::map<std::uint64_t, std::string>> all_net_namespaces(System& system) {
  const auto names = system.list_directory("/proc");
  if (!names) return names.error();
  std::map<std::uint64_t, std::string> all;
  for (const std::string& name : *names) {
    if (!is_process(name)) continue;
    const auto link = system.read_link(net_link(name));
    if (!link && !gone(link.error().code)) return link.error();
    if (const auto inode = link ? namespace_inode(*link) : std::nullopt)
      all.try_emplace(*inode, net_link(name));
  }
  return all;
}

Result<std::set<std::uint64_t>> live_net_namespaces(System& system) {
  const auto all = all_net_namespaces(system);
  if (!all) return all.error();
  std::set<std::uint64_t> inodes;
  for (const auto& [inode, path] : *all) inodes.insert(inode);
  return inodes;
}

std::optional<PodNamespace> find_pod_namespace(System& system, const std::string& uid,
                                               const std::vector<std::string>& processes) {
  const auto node_inode = inode_of_node(system);
  if (!node_inode) return std::nullopt;
  SpacesByPod pods = by_pod(system, spaces_of(system, processes, *node_inode));
  const auto own = pods.find(uid);
  if (own == pods.end()) return std::nullopt;
  return std::move(own->second.front());
}

Result<bool> inside(System& system, const PodNamespace& pod,
                    const std::function<Result<void>()>& body) {
  for (const std::string& ns_path : pod.ns_paths) {
    bool entered = false;
    const auto done = system.in_net_namespace(ns_path, [&]() -> Result<void> {
      // The process may have ended and another one have got its number.
      const auto here = system.read_link("/proc/thread-self/ns/net");
      if (!here) return here.error();
      if (namespace_inode(*here) != pod.inode) return {};
      entered = true;
      return body();
    });
    if (entered && !done) return done.error();
    if (entered) return true;
    if (!done && !gone(done.error().code)) return done.error();
  }
  return false;
}

}  // namespace smc::node
