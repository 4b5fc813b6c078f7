#include "node-init/agent/destination_removal.h"

#include <cerrno>
#include <optional>

#include "node-init/agent/net_namespaces.h"

namespace smc::node {

Result<bool> remove_excluded_destinations(System& system, DestinationLists& lists) {
  const auto here = read_destination_control(system);
  if (!here) return here.error();
  if (here->state == ControlState::kMissing) return lists.remove();
  const auto spaces = all_net_namespaces(system);
  if (!spaces) return spaces.error();
  std::optional<Error> first;
  for (const auto& [inode, path] : *spaces) {
    const auto reset =
        system.in_net_namespace(path, [&] { return reset_destination_control(system); });
    // One that is gone meanwhile needs it no more.
    if (!reset && reset.error().code != ENOENT && reset.error().code != ESRCH && !first)
      first = reset.error();
  }
  auto removed = lists.remove();
  if (removed && first) return *first;
  return removed;
}

}  // namespace smc::node
