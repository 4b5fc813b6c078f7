#include "node-init/agent/pod_cgroup.h"

#include <algorithm>

namespace smc::node {
namespace {

constexpr std::size_t kUuidLength = 36;       // RFC 9562, section 4: 8-4-4-4-12
constexpr std::size_t kStaticPodLength = 32;  // the kubelet hashes a static pod's manifest

bool is_hex_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

// The systemd driver writes "_" for the dashes, which would mean a parent slice.
std::optional<std::string> normal_uid(std::string_view text) {
  if (text.size() == kStaticPodLength && std::all_of(text.begin(), text.end(), is_hex_digit))
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

// One component of a control group's path.
std::optional<std::string> uid_of_component(std::string_view component) {
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

std::optional<std::string> uid_of_path(std::string_view path) {
  while (!path.empty()) {
    const auto slash = path.rfind('/');
    const auto component = slash == std::string_view::npos ? path : path.substr(slash + 1);
    if (auto uid = uid_of_component(component)) return uid;
    path = path.substr(0, slash == std::string_view::npos ? 0 : slash);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> pod_uid_of_cgroups(std::string_view content) {
  while (!content.empty()) {
    const auto end = std::min(content.find('\n'), content.size());
    const auto line = content.substr(0, end);
    content.remove_prefix(std::min(end + 1, content.size()));
    // "ID:CONTROLLERS:PATH" (cgroups(7)); a name of a v1 hierarchy or a path may hold colons, but
    // no controller does.
    const auto slash = line.find('/');
    if (slash == std::string_view::npos) continue;
    if (auto uid = uid_of_path(line.substr(slash))) return uid;
  }
  return std::nullopt;
}

}  // namespace smc::node
