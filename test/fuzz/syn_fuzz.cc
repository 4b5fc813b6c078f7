// libFuzzer: whatever answers syn-check's probes, it is read within its bounds and judged.
#include <fuzzer/FuzzedDataProvider.h>

#include "node-init/diagnosis/syn_target.h"
#include "node-init/diagnosis/syn_verdict.h"
#include "node-init/diagnosis/tcp_segment.h"
#include "test/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace smc;
  const std::string_view input = fuzz::text(data, size);
  (void)node::is_clc_answer(input);
  if (const auto target = node::parse_syn_target(input))
    fuzz::require(target->port != 0 && !target->host.empty(), "a target without host or port",
                  input);
  if (const auto segment = node::parse_ipv4_tcp(input); segment && !segment->header_cut)
    fuzz::require(node::parse_ipv4_tcp(std::string(input.substr(0, 4 * (input[0] & 0x0fU))) +
                                       node::tcp_bytes(*segment))
                      .has_value(),
                  "a segment that cannot be read again");

  FuzzedDataProvider bytes(data, size);
  node::AddressObservation observed;
  for (const node::Probe probe :
       {node::Probe::kPlain, node::Probe::kSmc, node::Probe::kSmcFull, node::Probe::kUnknown}) {
    if (bytes.ConsumeBool()) break;
    observed.probes.push_back(
        {.probe = probe,
         .tries = bytes.ConsumeIntegralInRange(1, 3),
         .answer = static_cast<node::SynAnswer>(bytes.ConsumeIntegralInRange(0, 2)),
         .options = bytes.ConsumeRandomLengthString(node::kMaxTcpOptionBytes),
         .header_cut = bytes.ConsumeBool()});
    (void)node::experiment_option_in(observed.probes.back());
  }
  observed.clc = static_cast<node::ClcOutcome>(bytes.ConsumeIntegralInRange(0, 2));
  observed.gone = bytes.ConsumeBool();
  fuzz::require(!node::judge_address(observed, node::kSmcMagic).why.empty(),
                "a verdict that says nothing");
  return 0;
}
