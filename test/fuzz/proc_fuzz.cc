// libFuzzer: whatever stands in /proc, /sys, control groups and os-release, the checks come to
// their verdicts and namespaces get their pods.
#include <algorithm>

#include "node-init/agent/net_namespaces.h"
#include "node-init/agent/pod_cgroup.h"
#include "node-init/diagnosis/node_checks.h"
#include "node-init/diagnosis/os_release.h"
#include "test/fuzz/byte_system.h"
#include "test/fuzz/fuzz.h"

namespace {

void check_uid(const std::optional<std::string>& uid) {
  if (!uid) return;
  const bool is_dashed = uid->size() == 36;
  smc::fuzz::require(is_dashed || uid->size() == 32, "no UID of a pod", *uid);
  smc::fuzz::require(
      std::ranges::all_of(*uid, [](unsigned char c) { return std::isxdigit(c) || c == '-'; }),
      "a UID with other characters", *uid);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace smc;
  const std::string_view input = fuzz::text(data, size);
  check_uid(node::pod_uid_of_cgroups(input));
  (void)node::parse_os_release(input);

  FuzzedDataProvider bytes(data, size);
  fuzz::ByteSystem system(bytes);
  if (bytes.ConsumeBool()) {
    (void)node::find_net_namespaces(system);
    return 0;
  }
  const auto& checks = bytes.ConsumeBool() ? node::node_checks() : node::namespace_checks();
  for (const auto& result : node::run_checks(system, {}, checks)) {
    fuzz::require(!result.name.empty() && !result.finding.empty(), "a check that says nothing");
    fuzz::require(result.verdict == node::Verdict::kPass || !result.hint.empty(),
                  "a finding without a hint", result.finding);
  }
  return 0;
}
