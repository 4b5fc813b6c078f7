// What carried a load: the proof held against the load's requests, and its words.
#include <algorithm>

#include "bench/run_result.h"

namespace smc::bench {
namespace {

std::string number_of(std::uint64_t number, const std::string& what) {
  return std::to_string(number) + " " + what;
}

// One request at a time is under way on a connection, so that each needs a packet of its own.
void judge_carrier(Proof& proof, std::uint64_t requests, std::uint64_t least_bytes) {
  const bool by_packets = proof.device_packets && *proof.device_packets >= requests;
  const bool by_bytes = !proof.interface.empty() && proof.interface_bytes < least_bytes;
  if (by_packets || by_bytes) return;
  proof.doubts.push_back(
      (proof.device_packets
           ? "the RDMA device counted " + number_of(*proof.device_packets, "packets for ") +
                 number_of(requests, "requests, and ")
           : "the RDMA device's packets are not known, and ") +
      (proof.interface.empty()
           ? "the interface is not known"
           : proof.interface + " carried " + number_of(proof.interface_bytes, "bytes")));
}

}  // namespace

void judge(Proof& proof, std::uint64_t requests, std::uint64_t payload) {
  const std::uint64_t least_bytes = requests * std::max<std::uint64_t>(payload, 1);
  if (requests == 0) proof.doubts.push_back("no request was answered");
  if (proof.smc_bytes < least_bytes)
    proof.doubts.push_back("SMC counted " + number_of(proof.smc_bytes, "bytes, the requests had ") +
                           std::to_string(least_bytes));
  judge_carrier(proof, requests, least_bytes);
}

std::string Proof::mode() const {
  const auto carried = [&](const char* mode) {
    const auto found = modes.find(mode);
    return found == modes.end() ? 0 : found->second;
  };
  if (smc_r()) return "smc-r";
  return carried("smc-r") + carried("smc-d") == 0 ? "tcp" : "mixed";
}

bool RunResult::is_baseline() const {
  return proof && proof->mode() == "tcp" && expected == "tcp";
}

std::string proof_text(const RunResult& result) {
  if (!result.proof) return "nobody watched what carried it";
  const Proof& proof = *result.proof;
  const bool baseline = result.is_baseline();
  const auto found = proof.modes.find(baseline ? "tcp" : "smc-r");
  std::string out = std::to_string(found == proof.modes.end() ? 0 : found->second) + " of " +
                    number_of(proof.connections, "connections ");
  out += baseline ? "TCP, as they were to be"
                  : "SMC-R; SMC carried " + number_of(proof.smc_bytes, "bytes");
  if (proof.device_packets)
    out += ", " + proof.device + " " + number_of(*proof.device_packets, "packets");
  if (!proof.interface.empty())
    out += ", " + proof.interface + " " + number_of(proof.interface_bytes, "bytes");
  for (const FallbackCount& fallback : proof.fallbacks)
    out += "\n" + std::to_string(fallback.count) + " fell back: " + fallback.reason;
  if (baseline) return out;
  for (const std::string& doubt : proof.doubts) out += "\nnot SMC-R: " + doubt;
  return out;
}

}  // namespace smc::bench
