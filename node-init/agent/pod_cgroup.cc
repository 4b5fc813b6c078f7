#include "node-init/agent/pod_cgroup.h"

#include <algorithm>
#include <vector>

namespace smc::node {
namespace {

constexpr std::size_t kUuidLength = 36;       // RFC 9562, section 4: 8-4-4-4-12
constexpr std::size_t kStaticPodLength = 32;  // the kubelet hashes a static pod's manifest

bool is_hex_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

// The systemd driver writes "_" for the dashes, which would mean a parent slice.
std::optional<std::string> normal_uid(std::string_view text) {
  if (text.size() == kStaticPodLength && std::ranges::all_of(text, is_hex_digit))
    return std::string(text);
  if (text.size() != kUuidLength) return std::nullopt;
  std::string uid(text);
  for (std::size_t i = 0; i < uid.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash && uid[i] == '_') uid[i] = '-';
    if (dash ? uid[i] != '-' : !is_hex_digit(uid[i])) return std::nullopt;
  }
  return uid;
}

}  // namespace

std::optional<std::string> pod_uid_of_component(std::string_view component) {
  constexpr std::string_view kPod = "pod";
  constexpr std::string_view kSlice = ".slice";
  component = component.substr(0, component.find(':'));
  if (component.ends_with(kSlice)) {
    component.remove_suffix(kSlice.size());
    const auto dash = component.rfind('-');
    if (dash != std::string_view::npos) component.remove_prefix(dash + 1);
  }
  if (!component.starts_with(kPod)) return std::nullopt;
  return normal_uid(component.substr(kPod.size()));
}

namespace {

// The next component of a path, which loses it; "" at its end.
std::string_view take_component(std::string_view& path) {
  path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
  const auto component = path.substr(0, path.find('/'));
  path.remove_prefix(component.size());
  return component;
}

// What of `path` lies below the components that it has in common with `above`.
std::string_view below(std::string_view path, std::string_view above) {
  while (true) {
    std::string_view rest = path;
    const auto component = take_component(rest);
    if (component.empty() || component != take_component(above)) return path;
    path = rest;
  }
}

std::optional<std::string> uid_of_path(std::string_view path) {
  while (true) {
    const auto component = take_component(path);
    if (component.empty()) return std::nullopt;
    if (auto uid = pod_uid_of_component(component)) return uid;
  }
}

// The path up to its innermost pod, without it; "" where there is none.
std::string_view above_innermost_pod(std::string_view path) {
  std::string_view rest = path;
  std::string_view above;
  while (true) {
    const auto component = take_component(rest);
    if (component.empty()) return above;
    if (pod_uid_of_component(component))
      above = path.substr(0, path.size() - rest.size() - component.size());
  }
}

// A line of /proc/PID/cgroup: "ID:CONTROLLERS:PATH" (cgroups(7)). The name of a v1 hierarchy or a
// path may hold colons, but no slash comes before the path.
struct CgroupLine {
  std::string_view hierarchy;  // "ID:CONTROLLERS:"
  std::string_view path;
};

std::vector<CgroupLine> lines_of(std::string_view content) {
  std::vector<CgroupLine> lines;
  while (!content.empty()) {
    const auto line = content.substr(0, content.find('\n'));
    content.remove_prefix(std::min(line.size() + 1, content.size()));
    const auto slash = line.find('/');
    if (slash != std::string_view::npos)
      lines.push_back({line.substr(0, slash), line.substr(slash)});
  }
  return lines;
}

}  // namespace

AgentCgroups::AgentCgroups(std::string_view content) {
  for (const CgroupLine& line : lines_of(content))
    above_.emplace(line.hierarchy, above_innermost_pod(line.path));
}

std::string_view AgentCgroups::above_pod(std::string_view hierarchy) const {
  const auto found = above_.find(hierarchy);
  return found == above_.end() ? std::string_view() : found->second;
}

std::optional<std::string> pod_uid_of_cgroups(std::string_view content, const AgentCgroups& agent) {
  for (const CgroupLine& line : lines_of(content))
    if (auto uid = uid_of_path(below(line.path, agent.above_pod(line.hierarchy)))) return uid;
  return std::nullopt;
}

}  // namespace smc::node
