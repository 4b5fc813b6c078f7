#include "node-init/kernel/smc_stats.h"

#include <algorithm>

#include <linux/genetlink.h>
#include <linux/smc.h>

#include "node-init/kernel/smc_netlink.h"

namespace smc::node {
namespace {

// SMC_NLA_FBACK_STATS_TYPE
constexpr std::uint64_t kServerType = 1;

std::uint64_t counter(const Attributes& attributes, int type) {
  return attributes.integer(type).value_or(0);
}

}  // namespace

Result<FallbackStats> fallback_stats(System& system) {
  const auto answer =
      smc_dump(system, SMC_NETLINK_GET_FBACK_STATS, "read the fallback counters of SMC");
  if (!answer) return answer.error();
  FallbackStats stats;
  for (const NetlinkMessage& message : *answer) {
    const auto attributes = Attributes::after(message, GENL_HDRLEN).nested(SMC_GEN_FBACK_STATS);
    // The totals come with the first message of a side, the others lack them.
    stats.server_total =
        std::max(stats.server_total, counter(attributes, SMC_NLA_FBACK_STATS_SRV_CNT));
    stats.client_total =
        std::max(stats.client_total, counter(attributes, SMC_NLA_FBACK_STATS_CLNT_CNT));
    FallbackReason reason;
    reason.side = counter(attributes, SMC_NLA_FBACK_STATS_TYPE) == kServerType ? Side::kServer
                                                                               : Side::kClient;
    reason.code = static_cast<std::uint32_t>(counter(attributes, SMC_NLA_FBACK_STATS_RSN_CODE));
    reason.count = static_cast<std::uint16_t>(counter(attributes, SMC_NLA_FBACK_STATS_RSN_CNT));
    if (reason.code != 0) stats.reasons.push_back(reason);
  }
  return stats;
}

Result<TrafficStats> traffic_stats(System& system) {
  const auto answer = smc_dump(system, SMC_NETLINK_GET_STATS, "read the traffic counters of SMC");
  if (!answer) return answer.error();
  TrafficStats stats;
  for (const NetlinkMessage& message : *answer) {
    const auto all = Attributes::after(message, GENL_HDRLEN).nested(SMC_GEN_STATS);
    const auto smcr = all.nested(SMC_NLA_STATS_SMCR_TECH);
    stats.client_v1 += counter(smcr, SMC_NLA_STATS_T_CLNT_V1_SUCC);
    stats.client_v2 += counter(smcr, SMC_NLA_STATS_T_CLNT_V2_SUCC);
    stats.server_v1 += counter(smcr, SMC_NLA_STATS_T_SRV_V1_SUCC);
    stats.server_v2 += counter(smcr, SMC_NLA_STATS_T_SRV_V2_SUCC);
    stats.received_bytes += counter(smcr, SMC_NLA_STATS_T_RX_BYTES);
    stats.sent_bytes += counter(smcr, SMC_NLA_STATS_T_TX_BYTES);
    stats.client_handshake_errors += counter(all, SMC_NLA_STATS_CLNT_HS_ERR_CNT);
    stats.server_handshake_errors += counter(all, SMC_NLA_STATS_SRV_HS_ERR_CNT);
  }
  return stats;
}

}  // namespace smc::node
