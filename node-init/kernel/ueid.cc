#include "node-init/kernel/ueid.h"

#include <algorithm>
#include <cctype>
#include <cerrno>

#include <linux/genetlink.h>
#include <linux/smc.h>

#include "node-init/kernel/smc_netlink.h"

namespace smc::node {
namespace {

// The kernel takes an attribute of exactly 32 bytes and a NUL.
std::string padded(std::string ueid) {
  ueid.resize(SMC_MAX_EID_LEN, ' ');
  return ueid;
}

Error with_ueid_hint(Error error) {
  if (error.code == EPERM)
    error.hint = "CAP_NET_ADMIN in the node's own user namespace is needed: run privileged";
  if (error.code == ERANGE)
    error.hint =
        "the table holds 4 at most and is full: remove one that is not needed, or use one "
        "that is there (smc-node-init status lists them)";
  if (error.code == EOPNOTSUPP || error.code == EINVAL)
    error.hint = "this kernel's SMC knows no UEID (SMC-R v2 came with 5.16)";
  return error;
}

Result<bool> contains(System& system, const std::string& ueid) {
  const auto table = read_ueids(system);
  if (!table) return table.error();
  return std::find(table->begin(), table->end(), ueid) != table->end();
}

}  // namespace

std::optional<std::string> normal_ueid(std::string_view text) {
  if (text.empty() || text.size() > SMC_MAX_EID_LEN) return std::nullopt;
  std::string normal;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool alphanumeric = byte < 0x80 && std::isalnum(byte) != 0;
    if (!alphanumeric && (normal.empty() || (c != '.' && c != '-'))) return std::nullopt;
    normal += static_cast<char>(std::toupper(byte));
  }
  return normal;
}

Result<std::vector<std::string>> read_ueids(System& system) {
  const auto answer = smc_dump(system, SMC_NETLINK_DUMP_UEID, "list the UEIDs");
  if (!answer) return with_ueid_hint(answer.error());
  std::vector<std::string> table;
  for (const NetlinkMessage& message : *answer) {
    auto ueid = Attributes::after(message, GENL_HDRLEN).text(SMC_NLA_EID_TABLE_ENTRY);
    if (!ueid) continue;
    ueid->erase(ueid->find_last_not_of(' ') + 1);
    if (!ueid->empty()) table.push_back(std::move(*ueid));
  }
  return table;
}

Result<bool> add_ueid(System& system, const std::string& ueid) {
  const auto there = contains(system, ueid);
  if (!there) return there.error();
  if (*there) return false;
  const auto added = smc_command(system, SMC_NETLINK_ADD_UEID, SMC_NLA_EID_TABLE_ENTRY,
                                 padded(ueid), "add the UEID " + ueid);
  if (added) return true;
  // Another program may have added it since: a full table is reported before a double entry.
  const auto now_there = contains(system, ueid);
  if (now_there && *now_there) return false;
  return with_ueid_hint(added.error());
}

Result<bool> remove_ueid(System& system, const std::string& ueid) {
  const auto removed = smc_command(system, SMC_NETLINK_REMOVE_UEID, SMC_NLA_EID_TABLE_ENTRY,
                                   padded(ueid), "remove the UEID " + ueid);
  if (removed) return true;
  if (removed.error().code == ENOENT) {
    // From a node without SMC, too; then there is nothing to remove either.
    return false;
  }
  return with_ueid_hint(removed.error());
}

}  // namespace smc::node
