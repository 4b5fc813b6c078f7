#include "node-init/kernel/fallback_codes.h"
#include "node-init/kernel/rdma_devices.h"
#include "node-init/kernel/ueid.h"
#include "node-init/pod/pod_setup.h"

namespace smc::node {

namespace {

// Fallback codes whose hint depends on more than the code.
constexpr std::uint32_t kConfirmLinkTimeout = 0x02010000;
constexpr std::uint32_t kNoDevice = 0x03030000;
constexpr std::uint32_t kNoUeid = 0x03030008;

}  // namespace

bool PodSetup::no_verdict(const Error& error, ExitCode code) {
  if (options_.self_test == SelfTestMode::kOn) return fail(code, error);
  return tell(StepOutcome::kWarning, "not run: " + error.text(),
              error.hint.empty() ? general_hint(error.code) : error.hint);
}

// The most frequent cause of "no device" is one that the kernel's code does not tell apart.
std::string PodSetup::self_test_hint(std::uint32_t code) {
  const auto ueids = read_ueids(system_);
  if (ueids && ueids->empty() && (code == kNoDevice || code == kNoUeid))
    return "the node has no UEID, which RoCE v2 devices need: smc-node-agent run --ueid NAME on "
           "every node";
  if (ueids && code == kNoDevice)
    return "is " + report_.address + " in the subnet of an address of " + report_.device +
           "'s own interface on the node? SMC version 2 demands it";
  const FallbackCode* known = find_fallback_code(code);
  return known != nullptr ? std::string(known->hint) : "see 'smc-node-init explain'";
}

bool PodSetup::test() {
  begin(6, kSelfTestStep);
  if (options_.self_test == SelfTestMode::kOff)
    return tell(StepOutcome::kSkipped, "switched off: nothing shows that connections use RDMA");
  if (options_.dry_run)
    return tell(StepOutcome::kPlanned, "connect to " + report_.address + " over SMC");
  const auto shared = rdma_namespaces_shared(system_);
  if (shared && !*shared)
    return no_verdict({"RDMA devices belong to one namespace each here (exclusive mode)", 0,
                       "the self-test needs the shared mode: rdma system set netns shared"},
                      ExitCode::kNotPossible);
  const auto result = run_self_test(system_, address_, report_.pnetid);
  if (!result) return no_verdict(result.error(), ExitCode::kRefused);
  report_.self_test = *result;
  if (result->failure)
    return fail(ExitCode::kFellBack, {"no SMC connection came about: " + result->failure->what,
                                      result->failure->code, self_test_hint(kConfirmLinkTimeout)});
  if (result->is_smcr)
    return tell(StepOutcome::kOk,
                "SMC-R over " + result->device + " in " + std::to_string(result->took.count()) +
                    " ms" + (result->was_reset ? ", after a first connection was reset" : ""));
  return fail(ExitCode::kFellBack,
              {"the connection fell back to TCP: " + describe_fallback(result->telling_code), 0,
               self_test_hint(result->telling_code)});
}

}  // namespace smc::node
