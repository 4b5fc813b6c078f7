#include "node-init/kernel/smc_netlink.h"

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/smc.h>

namespace smc::node {

Result<std::vector<NetlinkMessage>> smc_dump(System& system, std::uint8_t command,
                                             const std::string& what) {
  const auto family = resolve_generic_family(system, SMC_GENL_FAMILY_NAME);
  if (!family) return family.error();
  const auto request =
      NetlinkRequest::generic(*family, command, SMC_GENL_FAMILY_VERSION, NLM_F_DUMP);
  return netlink_exchange(system, NETLINK_GENERIC, request, what);
}

Result<void> smc_command(System& system, std::uint8_t command, int attribute,
                         const std::string& text, const std::string& what) {
  const auto family = resolve_generic_family(system, SMC_GENL_FAMILY_NAME);
  if (!family) return family.error();
  auto request = NetlinkRequest::generic(*family, command, SMC_GENL_FAMILY_VERSION, NLM_F_ACK);
  request.add_text(attribute, text);
  const auto answer = netlink_exchange(system, NETLINK_GENERIC, request, what);
  if (!answer) return answer.error();
  return {};
}

}  // namespace smc::node
