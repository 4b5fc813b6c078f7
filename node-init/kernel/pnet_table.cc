#include "node-init/kernel/pnet_table.h"

#include <algorithm>
#include <cctype>
#include <cerrno>

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/smc.h>

#include "node-init/kernel/netlink.h"

namespace smc::node {
namespace {

constexpr std::size_t kMaxPnetidLength = 16;  // SMC_MAX_PNETID_LEN in the kernel's smc_ib.h

// Each try that finds the entry changed again means that another program wrote between two of our
// calls. Two of our own need at most one try each.
constexpr int kEnsureTries = 5;

// What the kernel answers for a part that an entry does not have.
constexpr std::string_view kNoName = "n/a";
constexpr std::uint64_t kNoPort = 255;

Result<std::vector<NetlinkMessage>> pnet_request(System& system, std::uint8_t command,
                                                 std::uint16_t flags, const PnetEntry& entry,
                                                 const std::string& what) {
  const auto family = resolve_generic_family(system, SMCR_GENL_FAMILY_NAME);
  if (!family) return family.error();
  auto request = NetlinkRequest::generic(*family, command, SMCR_GENL_FAMILY_VERSION, flags);
  if (!entry.pnetid.empty()) request.add_text(SMC_PNETID_NAME, entry.pnetid);
  if (!entry.interface.empty()) request.add_text(SMC_PNETID_ETHNAME, entry.interface);
  if (!entry.ib_device.empty()) {
    request.add_text(SMC_PNETID_IBNAME, entry.ib_device);
    request.add_u8(SMC_PNETID_IBPORT, static_cast<std::uint8_t>(entry.ib_port));
  }
  return netlink_exchange(system, NETLINK_GENERIC, request, what);
}

std::string place(const PnetEntry& entry) {
  if (!entry.interface.empty()) return entry.interface;
  return entry.ib_device + " port " + std::to_string(entry.ib_port);
}

bool same_place(const PnetEntry& a, const PnetEntry& b) {
  if (!b.interface.empty()) return a.interface == b.interface;
  return a.ib_device == b.ib_device && a.ib_port == b.ib_port;
}

std::string pnetid_hint(int code) {
  switch (code) {
    case EPERM:
      return "CAP_NET_ADMIN in the node's own user namespace is needed: run privileged, and not in "
             "a user namespace (hostUsers: false)";
    case ENOENT:
      return "the kernel has no SMC: load the module smc on the node";
    case EINVAL:
      return "the kernel takes 1 to 16 letters and digits as pnetid";
    default:
      return "";
  }
}

Error with_pnetid_hint(Error error) {
  if (error.hint.empty()) error.hint = pnetid_hint(error.code);
  return error;
}

// Takes `stale`, an entry of `table`, away; adds `wanted`, where there is one, and what else of its
// pnetid the removal took along.
Result<void> replace(System& system, const PnetEntry& stale, const std::optional<PnetEntry>& wanted,
                     const std::vector<PnetEntry>& table) {
  if (auto removed = remove_pnetid(system, stale.pnetid);
      !removed && removed.error().code != ENOENT)
    return removed.error();
  std::vector<PnetEntry> missing;
  if (wanted) missing.push_back(*wanted);
  for (const PnetEntry& entry : table)
    if (entry.pnetid == stale.pnetid && !same_place(entry, stale)) missing.push_back(entry);
  for (const PnetEntry& entry : missing)
    if (auto added = add_pnet_entry(system, entry); !added && added.error().code != EEXIST)
      return added.error();
  return {};
}

}  // namespace

std::optional<std::string> normal_pnetid(std::string_view text) {
  if (text.empty() || text.size() > kMaxPnetidLength) return std::nullopt;
  std::string normal;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 || std::isalnum(byte) == 0) return std::nullopt;
    normal += static_cast<char>(std::toupper(byte));
  }
  return normal;
}

Result<std::vector<PnetEntry>> read_pnet_table(System& system) {
  const auto answer = pnet_request(system, SMC_PNETID_GET, NLM_F_DUMP, {}, "read the pnetid table");
  if (!answer) return with_pnetid_hint(answer.error());
  std::vector<PnetEntry> table;
  for (const NetlinkMessage& message : *answer) {
    const auto attributes = Attributes::after(message, GENL_HDRLEN);
    PnetEntry entry;
    entry.pnetid = attributes.text(SMC_PNETID_NAME).value_or("");
    entry.interface = attributes.text(SMC_PNETID_ETHNAME).value_or("");
    entry.ib_device = attributes.text(SMC_PNETID_IBNAME).value_or("");
    if (entry.interface == kNoName) entry.interface.clear();
    if (entry.ib_device == kNoName) entry.ib_device.clear();
    const auto port = attributes.integer(SMC_PNETID_IBPORT).value_or(kNoPort);
    entry.ib_port = entry.ib_device.empty() || port == kNoPort ? 0 : static_cast<int>(port);
    if (!entry.pnetid.empty()) table.push_back(std::move(entry));
  }
  return table;
}

Result<void> add_pnet_entry(System& system, const PnetEntry& entry) {
  const auto answer = pnet_request(system, SMC_PNETID_ADD, NLM_F_ACK, entry,
                                   "add pnetid " + entry.pnetid + " for " + place(entry));
  if (!answer) return with_pnetid_hint(answer.error());
  return {};
}

Result<void> remove_pnetid(System& system, const std::string& pnetid) {
  const auto family = resolve_generic_family(system, SMCR_GENL_FAMILY_NAME);
  if (!family) return with_pnetid_hint(family.error());
  const auto answer = pnet_request(system, SMC_PNETID_DEL, NLM_F_ACK, {pnetid, {}, {}, 0},
                                   "remove pnetid " + pnetid);
  if (answer) return {};
  // ENOENT here means that the pnetid is gone, not that SMC is.
  return answer.error().code == ENOENT ? answer.error() : with_pnetid_hint(answer.error());
}

Result<bool> remove_pnet_entry(System& system, const PnetEntry& entry) {
  const auto table = read_pnet_table(system);
  if (!table) return table.error();
  if (std::find(table->begin(), table->end(), entry) == table->end()) return false;
  if (auto removed = replace(system, entry, std::nullopt, *table); !removed) return removed.error();
  return true;
}

Result<PnetChange> ensure_pnet_entry(System& system, const PnetEntry& wanted) {
  PnetChange change = PnetChange::kNone;
  bool refused = false;  // the last thing that happened: EEXIST though there is no entry
  for (int i = 0; i <= kEnsureTries; ++i) {
    const auto table = read_pnet_table(system);
    if (!table) return table.error();
    const auto found = std::find_if(table->begin(), table->end(), [&](const PnetEntry& entry) {
      return same_place(entry, wanted);
    });
    if (found != table->end() && found->pnetid == wanted.pnetid) return change;
    if (i == kEnsureTries) break;

    if (found == table->end()) {
      const auto added = add_pnet_entry(system, wanted);
      if (!added && added.error().code != EEXIST) return added.error();
      refused = !added;
      if (added && change == PnetChange::kNone) change = PnetChange::kAdded;
    } else {
      if (auto replaced = replace(system, *found, wanted, *table); !replaced)
        return replaced.error();
      refused = false;
      change = PnetChange::kCorrected;
    }
  }
  if (refused)
    return Error{
        "set pnetid " + wanted.pnetid + " for " + place(wanted), EEXIST,
        "the device has a pnetid from its hardware or firmware, which no entry can change"};
  return Error{"set pnetid " + wanted.pnetid + " for " + place(wanted), EBUSY,
               "another program keeps changing this entry: let one program own it"};
}

}  // namespace smc::node
