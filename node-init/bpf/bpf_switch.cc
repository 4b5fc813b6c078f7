#include "node-init/bpf/bpf_switch.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include <boost/crc.hpp>

#include "node-init/bpf/bpf_objects.h"

namespace smc::node {
namespace {

constexpr std::string_view kLinks = "program_switch-";
constexpr std::string_view kLists = "namespaces-";

// Which of our programs it is: enough to tell the few apart that one node has seen.
std::string version_of(std::string_view object) {
  boost::crc_32_type crc;
  crc.process_bytes(object.data(), object.size());
  char text[9];
  std::snprintf(text, sizeof text, "%08x", static_cast<unsigned>(crc.checksum()));
  return text;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

// What can be done about a refusal to load or attach.
std::string hint_for(const Error& error) {
  const auto says = [&](const char* words) { return error.what.find(words) != std::string::npos; };
  if (error.code == EPERM || error.code == EACCES)
    return "the agent needs CAP_SYS_ADMIN (or CAP_BPF and CAP_PERFMON) in the node's own user "
           "namespace, and a seccomp profile that lets bpf(2) through; --switch=none does without "
           "this switch";
  if (says("not modifiable"))
    return "this kernel lets no BPF program answer at update_socket_protocol: it needs "
           "CONFIG_MPTCP "
           "and CONFIG_BPF_JIT";
  if (says("failed to find kernel BTF"))
    return "this kernel has no update_socket_protocol in its BTF: it is too old, or was made "
           "without CONFIG_DEBUG_INFO_BTF";
  if (error.code == ENOMEM) return "the node, or the agent's control group, is short of memory";
  return "this kernel refuses the program: report its release and this text; --switch=none does "
         "without the switch";
}

constexpr const char* kMountHint =
    "mount it on the node (mount -t bpf bpf /sys/fs/bpf, as systemd does), and /sys/fs/bpf of the "
    "node into the agent's container";

}  // namespace

BpfSwitch::BpfSwitch(Bpf& bpf)
    : bpf_(bpf),
      program_{program_switch_object(),
               "program_switch",
               {{"namespaces", path(std::string(kLists) + std::to_string(kMaxSwitchedNamespaces)),
                 kMaxSwitchedNamespaces}}},
      link_name_(std::string(kLinks) + version_of(program_.object)),
      list_name_(std::string(kLists) + std::to_string(kMaxSwitchedNamespaces)) {}

std::string BpfSwitch::path(const std::string& name) {
  return std::string(kBpfDirectory) + "/" + name;
}

Result<void> BpfSwitch::find_mount() {
  const auto there = bpf_.is_bpf_filesystem(kBpfMount);
  if (there && *there) return {};
  return Error{std::string(kBpfMount) + " is no BPF file system", there ? 0 : there.error().code,
               kMountHint};
}

// None where the directory is not there.
Result<std::vector<std::string>> BpfSwitch::pins() {
  auto names = bpf_.list(kBpfDirectory);
  if (!names && names.error().code == ENOENT) return std::vector<std::string>();
  return names;
}

Result<bool> BpfSwitch::present() {
  const std::lock_guard lock(mutex_);
  if (auto mount = find_mount(); !mount) return mount.error();
  const auto there = pins();
  if (!there) return there.error();
  return contains(*there, link_name_) && contains(*there, list_name_);
}

Result<BpfSwitch::Ensured> BpfSwitch::ensure() {
  const std::lock_guard lock(mutex_);
  in_force_ = false;
  if (auto mount = find_mount(); !mount) return mount.error();
  if (auto made = bpf_.make_directory(kBpfDirectory); !made) return made.error();
  const auto there = pins();
  if (!there) return there.error();
  const bool complete = contains(*there, link_name_) && contains(*there, list_name_);
  if (!complete)
    if (auto attached = attach(*there); !attached) return attached.error();
  if (auto taken = take_over_lists(*there); !taken) return taken.error();
  if (auto removed = remove_others(*there); !removed) return removed.error();
  in_force_ = true;
  return complete ? Ensured::kPresent : Ensured::kAttached;
}

Result<void> BpfSwitch::attach(const std::vector<std::string>& pins) {
  // A program whose list somebody took away keeps on with one that nobody can reach.
  if (contains(pins, link_name_))
    if (auto removed = bpf_.remove(path(link_name_)); !removed) return removed.error();
  if (auto attached = bpf_.attach(program_, path(link_name_)); !attached) {
    Error error = attached.error();
    error.hint = hint_for(error);
    return error;
  }
  if (!contains(pins, list_name_)) ++generation_;
  return {};
}

// The other versions', as far as this one can read them: their namespaces stay switched, by both
// programs for a moment.
Result<void> BpfSwitch::take_over_lists(const std::vector<std::string>& pins) {
  for (const std::string& name : pins) {
    if (!name.starts_with(kLists) || name == list_name_) continue;
    const auto theirs = bpf_.open_map(path(name));
    if (!theirs && theirs.error().code == EINVAL) continue;
    if (!theirs) return theirs.error();
    const auto entries = (*theirs)->entries();
    if (!entries) return entries.error();
    const auto own = list();
    if (!own) return own.error();
    for (const BpfMap::Entry& entry : *entries)
      if (auto put = (*own)->put(entry); !put) return put.error();
  }
  return {};
}

// The programs first: no list goes before who reads it.
Result<void> BpfSwitch::remove_others(const std::vector<std::string>& pins) {
  for (const auto& [prefix, own] : {std::pair(kLinks, link_name_), std::pair(kLists, list_name_)})
    for (const std::string& name : pins)
      if (name.starts_with(prefix) && name != own)
        if (auto removed = bpf_.remove(path(name)); !removed) return removed.error();
  return {};
}

Result<std::unique_ptr<BpfMap>> BpfSwitch::list() {
  auto map = bpf_.open_map(path(list_name_));
  if (map) return map;
  Error error = map.error();
  error.hint = "the agent makes the list again in its next round";
  return error;
}

Result<void> BpfSwitch::add(const SwitchedNamespace& space) {
  const std::lock_guard lock(mutex_);
  const auto map = list();
  if (!map) return map.error();
  const auto entries = (*map)->entries();
  if (!entries) return entries.error();
  for (const BpfMap::Entry& entry : *entries)
    if (entry.value == space.inode && entry.key != space.cookie)
      if (auto erased = (*map)->erase(entry.key); !erased) return erased.error();
  auto put = (*map)->put({space.cookie, space.inode});
  if (put || put.error().code != E2BIG) return put;
  return Error{"the BPF switch's list of " + std::to_string(kMaxSwitchedNamespaces) +
                   " network namespaces is full",
               0, "more pods than a node should have: spread them over more nodes"};
}

Result<std::size_t> BpfSwitch::keep(const std::function<Result<std::set<std::uint64_t>>()>& live) {
  const std::lock_guard lock(mutex_);
  const auto map = list();
  if (!map) return map.error();
  const auto entries = (*map)->entries();
  if (!entries) return entries.error();
  if (entries->empty()) return std::size_t{0};
  const auto inodes = live();
  if (!inodes) return inodes.error();
  std::size_t gone = 0;
  for (const BpfMap::Entry& entry : *entries) {
    if (inodes->contains(entry.value)) continue;
    if (auto erased = (*map)->erase(entry.key); !erased) return erased.error();
    ++gone;
  }
  return gone;
}

Result<std::size_t> BpfSwitch::size() {
  const std::lock_guard lock(mutex_);
  const auto map = list();
  if (!map) return map.error();
  const auto entries = (*map)->entries();
  if (!entries) return entries.error();
  return entries->size();
}

Result<bool> BpfSwitch::remove() {
  const std::lock_guard lock(mutex_);
  in_force_ = false;
  const auto mount = bpf_.is_bpf_filesystem(kBpfMount);
  if (!mount && mount.error().code != ENOENT) return mount.error();
  if (!mount || !*mount) return false;
  const auto there = bpf_.list(kBpfDirectory);
  if (!there && there.error().code == ENOENT) return false;
  if (!there) return there.error();
  bool was = false;
  for (const std::string_view prefix : {kLinks, kLists})
    for (const std::string& name : *there) {
      if (!name.starts_with(prefix)) continue;
      if (auto removed = bpf_.remove(path(name)); !removed) return removed.error();
      was = true;
    }
  // Where another part of the agent has its pins, it stays.
  if (auto gone = bpf_.remove(kBpfDirectory); !gone && gone.error().code != ENOTEMPTY)
    return gone.error();
  return was;
}

}  // namespace smc::node
