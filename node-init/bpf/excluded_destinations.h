// The agent's lists of excluded destinations and the handshake control that goes by them
// (programs/excluded_destinations.bpf.c). The first list loads it; it is pinned, so that it and
// what it keeps from SMC outlive the agent, and the next agent takes it over. Safe on any thread.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/destinations.h"
#include "base/fd.h"
#include "base/result.h"
#include "node-init/kernel/destination_control.h"
#include "node-init/kernel/system.h"

namespace smc::node {

// By this name namespaces choose it. With other programs, or a list that is laid out otherwise, the
// number changes: namespaces that chose the earlier one keep it until they are gone.
inline constexpr std::string_view kControlName = "smc_asm_dest_1";

// The agent sees to 1,000 namespaces, each with up to kMaxDestinationsOfPod entries. An entry takes
// some 100 bytes in the kernel, and only while it is there.
inline constexpr std::size_t kMaxListedDestinations = 65536;

class ExcludedDestinations final : public DestinationLists {
 public:
  // `directory`: on a mounted BPF file system, for the pins; made where it is missing.
  ExcludedDestinations(System& system, std::string directory);

  Result<void> put(const Destinations& list) override;
  // These load nothing.
  ListUse use() override;
  Result<void> keep(const std::set<std::uint64_t>& inodes) override;
  Result<bool> remove() override;

 private:
  using Key = std::string;  // as the kernel has it
  struct List {
    std::uint64_t inode = 0;
    std::set<Key> keys;
  };

  Result<void> load();
  bool adopt();
  Result<void> read_lists();
  Result<void> load_new();
  Result<void> write_list(std::uint64_t cookie, std::uint64_t inode, const Destinations& list);
  Result<void> drop(List& list, const std::set<Key>& but);
  std::string pin(const char* name) const { return directory_ + '/' + name; }

  System& system_;
  const std::string directory_;
  std::mutex mutex_;
  Fd lists_;                                  // the map; guarded by mutex_, as all below
  Fd control_;                                // the registered struct_ops
  std::map<std::uint64_t, List> namespaces_;  // by cookie
};

}  // namespace smc::node
