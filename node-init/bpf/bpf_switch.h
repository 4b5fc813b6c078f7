// The BPF switch of a node: a program of ours at the kernel's update_socket_protocol() that makes
// SMC sockets of TCP ones (programs/program_switch.bpf.c), and the list of the network namespaces
// in which it does so. Both are pinned below /sys/fs/bpf, so that they outlive the agent: its
// restart changes nothing, and another version's program is attached before this one's goes, with
// the same list. Killed at any point, the next ensure() does the rest.
//
// Safe on any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "node-init/bpf/bpf.h"

namespace smc::node {

inline constexpr const char* kBpfMount = "/sys/fs/bpf";
inline constexpr const char* kBpfDirectory = "/sys/fs/bpf/smc-node-agent";

// The agent looks into 1,000 namespaces of pods at most; as many may be gone and not yet be swept.
// An entry costs the kernel 64 bytes.
inline constexpr std::uint32_t kMaxSwitchedNamespaces = 2'048;

// A network namespace: the cookie is never given again, and /proc shows the inode of those alone
// that have processes.
struct SwitchedNamespace {
  std::uint64_t cookie = 0;
  std::uint64_t inode = 0;
};

class BpfSwitch {
 public:
  // `bpf` must outlive it.
  explicit BpfSwitch(Bpf& bpf);

  enum class Ensured { kPresent, kAttached };
  // Has the switch be there as this program has it.
  Result<Ensured> ensure();
  // Whether ensure() would change nothing. An error: it would fail.
  Result<bool> present();

  // ensure() was well, and remove() has not been called.
  bool in_force() const { return in_force_; }
  // How often the list has been made anew, and who was on it is not.
  int generation() const { return generation_; }

  // No error where it is on the list already. One that had its inode before is gone.
  Result<void> add(const SwitchedNamespace& space);
  // Takes those off whose inode is not among those that `live` finds, and returns how many. It is
  // asked after the list was read: one that is added meanwhile is none of its business.
  Result<std::size_t> keep(const std::function<Result<std::set<std::uint64_t>>()>& live);
  Result<std::size_t> size();

  // Takes the switch away, whichever version's it is; sockets that were made stay. True if there
  // was one.
  Result<bool> remove();

 private:
  static std::string path(const std::string& name);
  Result<void> find_mount();
  Result<std::vector<std::string>> pins();
  Result<void> attach(const std::vector<std::string>& pins);
  Result<void> take_over_lists(const std::vector<std::string>& pins);
  Result<void> remove_others(const std::vector<std::string>& pins);
  Result<std::unique_ptr<BpfMap>> list();

  Bpf& bpf_;
  const BpfProgram program_;
  const std::string link_name_;  // names the version
  const std::string list_name_;  // names the form
  std::mutex mutex_;             // one at a time is at the pins and the list
  std::atomic<bool> in_force_{false};
  std::atomic<int> generation_{0};
};

}  // namespace smc::node
