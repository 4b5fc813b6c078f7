#include "base/memory_limit.h"

#include <algorithm>
#include <charconv>
#include <sstream>
#include <string_view>

#include "base/file.h"

namespace smc {
namespace {

constexpr std::size_t kMaxFileBytes = 64 << 10;

// Version 1 says "no limit" by the largest multiple of the page size; no machine has this much.
constexpr std::uint64_t kNoLimit = std::uint64_t{1} << 60;

// The number in the file; nothing for "max".
std::optional<std::uint64_t> limit_in(const std::string& file) {
  const auto text = read_file(file, kMaxFileBytes);
  std::uint64_t value = 0;
  if (!text || std::from_chars(text->data(), text->data() + text->size(), value).ec != std::errc{})
    return std::nullopt;
  return value < kNoLimit ? std::optional(value) : std::nullopt;
}

void take_lower(std::optional<std::uint64_t>& lowest, std::optional<std::uint64_t> other) {
  if (other) lowest = std::min(lowest.value_or(*other), *other);
}

bool names_memory(std::string_view controllers) {
  const std::string list = "," + std::string(controllers) + ",";
  return list.find(",memory,") != std::string::npos;
}

}  // namespace

std::optional<std::uint64_t> memory_limit(const std::string& root) {
  std::optional<std::uint64_t> lowest;
  const auto groups = read_file(root + "/proc/self/cgroup", kMaxFileBytes);
  std::istringstream lines(groups ? *groups : std::string());
  // "ID:CONTROLLERS:PATH"; version 2 has no controllers there (cgroups(7))
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (!controllers.empty() && !names_memory(controllers)) continue;
    const std::string mount =
        root + (controllers.empty() ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory");
    const char* file = controllers.empty() ? "/memory.max" : "/memory.limit_in_bytes";
    // In a container the path may be the host's, of which only the last part is mounted, at the
    // top.
    for (std::string path = line.substr(second + 1);; path.resize(path.rfind('/'))) {
      take_lower(lowest, limit_in(mount + path + file));
      if (path.find('/') == std::string::npos) break;
    }
  }
  return lowest;
}

}  // namespace smc
