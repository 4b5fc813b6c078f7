// What the agent itself put into the kernel, kept in a file so that a later run, or `uninstall`,
// can tell it from what other programs set up. The kernel does not say who made an entry, and
// comparing with the configuration would claim a neighbour's entry that happens to be equal.
//
// An intent is recorded *before* the kernel is changed: killed in between, the next run finds the
// record and does the rest. The file lives below /run by default, so that it goes with the kernel's
// tables at a reboot; where it does not, the boot id in it says that it is stale. Links and
// whatever is no regular file of this user are not followed, and a directory into which others may
// write is refused. One thread.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "node-init/kernel/system.h"

namespace smc::node {

struct OwnPnetid {
  std::string device;
  int port = 0;
  std::string pnetid;

  bool operator==(const OwnPnetid&) const = default;
};

struct OwnRecord {
  std::vector<std::string> ueids;
  // While an entry is being corrected, a port has two: the old one and the wanted one.
  std::vector<OwnPnetid> pnetids;
  // The node had RDMA hardware at some time since its boot.
  bool had_rdma = false;
  // `uninstall` ran: an agent that is still running must not repair what was taken back.
  bool uninstalled = false;

  bool owns_ueid(const std::string& ueid) const;
  bool owns_pnetid(const OwnPnetid& entry) const;
  void add_pnetid(const OwnPnetid& entry);
  // Forgets other entries of the same port.
  void settle_pnetid(const OwnPnetid& entry);
};

// How long to wait for another agent's round, which takes well under a second; one that takes
// longer is stuck in the kernel.
inline constexpr std::chrono::seconds kLockTimeout{5};

class OwnRecordFile {
 public:
  // `boot_id`: /proc/sys/kernel/random/boot_id of this boot.
  OwnRecordFile(std::string state_directory, std::string boot_id)
      : directory_(std::move(state_directory)), boot_id_(std::move(boot_id)) {}

  // Keeps every other agent out of the record, and so out of a round, until the Fd is closed.
  // EBUSY where another one holds it for longer than `timeout`. Makes the directory.
  Result<Fd> lock(System& system, std::chrono::milliseconds timeout) const;

  // An empty record where there is none or it is of another boot. EBADMSG if it cannot be read as
  // one; the file is then left as it is.
  Result<OwnRecord> load() const;
  // Renames such a file out of the way, to PATH.bad.
  Result<void> set_aside() const;
  Result<void> save(const OwnRecord& record) const;

  std::string path() const { return directory_ + "/own.json"; }

 private:
  std::string directory_;
  std::string boot_id_;
};

}  // namespace smc::node
