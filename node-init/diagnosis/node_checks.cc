#include "node-init/diagnosis/node_checks.h"

#include <algorithm>

namespace smc::node {
namespace {

// Terway is the plug-in that puts pods onto the interface of an eRDMA device.
CheckResult check_cni(System& system, const CheckOptions& options) {
  const std::string directory = options.host_root + "/etc/cni/net.d";
  const auto names = system.list_directory(directory);
  if (!names)
    return warn("cni", "cannot tell: " + names.error().text(),
                "mount the node's /etc/cni/net.d and name its root with --host-root");
  auto sorted = *names;
  std::ranges::sort(sorted);
  for (const std::string& name : sorted) {
    if (!name.ends_with(".conf") && !name.ends_with(".conflist") && !name.ends_with(".json"))
      continue;
    // The runtime takes the first file in the order of names (libcni).
    const auto text = system.read_file(std::string(directory).append("/").append(name));
    if (!text) return unknown("cni", text.error());
    if (text->find("\"terway\"") != std::string::npos) return pass("cni", "Terway, by " + name);
    return warn("cni", name + " is not Terway's",
                "on Alibaba Cloud use Terway: other plug-ins put pods onto addresses that the "
                "eRDMA device does not carry");
  }
  return warn("cni", "no configuration in " + directory, "install a CNI plug-in");
}

}  // namespace

const std::vector<CheckFunction>& node_checks() {
  static const std::vector<CheckFunction> kChecks = {
      check_kernel, check_kernel_fixes, check_cni,      check_rdma_devices,   check_rdma_sharing,
      check_gids,   check_queue_pairs,  check_programs, check_reserved_ports, check_handshake};
  return kChecks;
}

}  // namespace smc::node
