// smc-exclude: the agent's hand on the excluded destinations, for a pod in which no agent is.
//
//   smc-exclude put LIST   puts the list in force for the network namespace it runs in
//   smc-exclude sweep      forgets the lists of namespaces that are gone
//   smc-exclude count      how many entries the kernel has
//   smc-exclude remove     takes the control and all lists away, as `smc-node-agent uninstall` does
//
// Each is a process of its own, so the second one takes over what the first has pinned. Exits 1
// with the error.
#include <array>
#include <cstdio>
#include <set>
#include <string_view>

#include <bpf/bpf.h>

#include "base/fd.h"
#include "node-init/agent/destination_removal.h"
#include "node-init/agent/net_namespaces.h"
#include "node-init/bpf/excluded_destinations.h"

namespace {

using namespace smc;
using namespace smc::node;

int failed(const Error& error) {
  std::fprintf(stderr, "%s\n  hint: %s\n", error.text().c_str(), error.hint.c_str());
  return 1;
}

int put(ExcludedDestinations& lists, std::string_view text) {
  const auto list = parse_destinations(text);
  if (!list) return failed(list.error());
  const auto done = lists.put(*list);
  return done ? 0 : failed(done.error());
}

int sweep(System& system, ExcludedDestinations& lists) {
  const auto inodes = live_net_namespaces(system);
  if (!inodes) return failed(inodes.error());
  if (lists.use().entries == 0) return 0;
  const auto done = lists.keep(*inodes);
  return done ? 0 : failed(done.error());
}

int count(const char* pin) {
  const Fd map(bpf_obj_get(pin));
  std::array<char, 64> key = {};
  int entries = 0;
  for (const void* before = nullptr; bpf_map_get_next_key(map.get(), before, key.data()) == 0;
       before = key.data())
    ++entries;
  std::printf("%d\n", entries);
  return map.valid() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view command = argc > 1 ? argv[1] : "";
  const auto system = make_real_system();
  ExcludedDestinations lists(*system, "/sys/fs/bpf/smc-node-agent");
  if (command == "put" && argc == 3) return put(lists, argv[2]);
  if (command == "count") return count("/sys/fs/bpf/smc-node-agent/excluded_destinations");
  if (command == "sweep") return sweep(*system, lists);
  if (command == "remove") {
    const auto removed = remove_excluded_destinations(*system, lists);
    if (!removed) return failed(removed.error());
    std::puts(*removed ? "removed" : "nothing there");
    return 0;
  }
  std::fputs("usage: smc-exclude put LIST | sweep | count | remove\n", stderr);
  return 2;
}
