#include "node-init/bpf/excluded_destinations.h"

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node-init/bpf/bpf_objects.h"
#include "node-init/bpf/struct_ops.h"
#include "node-init/kernel/sysctl.h"

namespace smc::node {
namespace {

constexpr const char* kStructOps = "smc_hs_ctrl";
constexpr const char* kModule = "smc";
constexpr const char* kListsPin = "excluded_destinations";
constexpr const char* kControlPin = "handshake_control";
constexpr const char* kPinHint =
    "mount the node's BPF file system into the agent's container: /sys/fs/bpf";

// The same in programs/excluded_destinations.bpf.c.
struct [[gnu::packed]] EntryKey {
  std::uint32_t bits;
  std::uint64_t cookie;
  std::uint16_t port;
  std::uint32_t address;
};
constexpr int kBitsBeforeAddress = 64 + 16;

std::string key_of(std::uint64_t cookie, const Destination& destination) {
  const EntryKey key = {static_cast<std::uint32_t>(kBitsBeforeAddress + destination.prefix), cookie,
                        htons(destination.port), htonl(destination.address)};
  return {reinterpret_cast<const char*>(&key), sizeof key};
}

std::uint64_t cookie_of(const std::string& key) {
  EntryKey read;
  std::memcpy(&read, key.data(), sizeof read);
  return read.cookie;
}

// Of the calling thread's network namespace.
Result<std::uint64_t> net_inode() {
  struct stat status = {};
  if (::stat("/proc/thread-self/ns/net", &status) != 0)
    return Error{"look at the network namespace", errno, {}};
  return status.st_ino;
}

// Whether the struct_ops of that map is registered. The kernel's values begin with a count and the
// state (bpf_struct_ops_common_value).
bool is_registered(const Fd& control) {
  constexpr std::uint32_t kInUse = 1;  // BPF_STRUCT_OPS_STATE_INUSE
  bpf_map_info info = {};
  __u32 size = sizeof info;
  if (bpf_obj_get_info_by_fd(control.get(), &info, &size) != 0) return false;
  std::vector<char> value(info.value_size);
  const __u32 key = 0;
  if (value.size() < 2 * sizeof kInUse ||
      bpf_map_lookup_elem(control.get(), &key, value.data()) != 0)
    return false;
  std::uint32_t state = 0;
  std::memcpy(&state, value.data() + sizeof state, sizeof state);
  return state == kInUse;
}

Result<void> pin_to(const Fd& map, const std::string& path) {
  if (bpf_obj_pin(map.get(), path.c_str()) == 0) return {};
  Error error = bpf_error("pin " + path, errno);
  if (error.hint.empty()) error.hint = kPinHint;
  return error;
}

Result<void> unpin(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return Error{"remove " + path, errno, {}};
  return {};
}

}  // namespace

ExcludedDestinations::ExcludedDestinations(System& system, std::string directory)
    : system_(system), directory_(std::move(directory)) {}

Result<void> ExcludedDestinations::put(const Destinations& list) {
  const std::lock_guard lock(mutex_);
  if (auto ready = load(); !ready) return ready.error();
  const auto cookie = system_.net_namespace_cookie();
  if (!cookie) return cookie.error();
  const auto inode = net_inode();
  if (!inode) return inode.error();
  if (auto written = write_list(*cookie, *inode, list); !written) return written.error();
  // Even where it reads so already: what is there may be an earlier one of the same name.
  if (auto chosen = system_.write_file(kControlPath, std::string(kControlName)); !chosen)
    return chosen.error();
  const auto now = read_destination_control(system_);
  if (!now) return now.error();
  if (now->name == kControlName) return {};
  return Error{"set net.smc.hs_ctrl: it reads back as \"" + now->name + '"', EIO,
               "another program changes it"};
}

Result<void> ExcludedDestinations::load() {
  if (lists_.valid()) return {};
  if (adopt()) return read_lists();
  // What is left of an earlier one is of no use.
  if (control_.valid()) (void)unregister_struct_ops(control_);
  control_.reset();
  for (const char* name : {kListsPin, kControlPin})
    if (auto removed = unpin(pin(name)); !removed) return removed.error();
  auto loaded = load_new();
  if (!loaded) {
    lists_.reset();
    control_.reset();
  }
  return loaded;
}

// Takes over what an earlier agent has pinned. False where that is not whole.
bool ExcludedDestinations::adopt() {
  lists_ = Fd(bpf_obj_get(pin(kListsPin).c_str()));
  control_ = Fd(bpf_obj_get(pin(kControlPin).c_str()));
  if (lists_.valid() && control_.valid() && is_registered(control_)) return true;
  lists_.reset();  // load() and remove() see to what is left
  return false;
}

Result<void> ExcludedDestinations::read_lists() {
  namespaces_.clear();
  Key key(sizeof(EntryKey), '\0');
  Key next = key;
  const void* before = nullptr;
  while (bpf_map_get_next_key(lists_.get(), before, next.data()) == 0) {
    std::uint64_t inode = 0;
    key = next;
    before = key.data();
    if (bpf_map_lookup_elem(lists_.get(), key.data(), &inode) != 0) continue;
    List& list = namespaces_[cookie_of(key)];
    list.inode = inode;
    list.keys.insert(key);
  }
  if (errno == ENOENT) return {};
  const Error error = bpf_error("read the lists of excluded destinations", errno);
  lists_.reset();
  return error;
}

// Each is pinned before it is in force, so that none is in force that nobody finds again.
Result<void> ExcludedDestinations::load_new() {
  if (::mkdir(directory_.c_str(), 0700) != 0 && errno != EEXIST)
    return Error{"make " + directory_, errno, kPinHint};
  const auto type = find_struct_ops(kStructOps, kModule);
  if (!type) return type.error();
  const auto object = load_struct_ops(excluded_destinations_object(), kStructOps, *type);
  if (!object) return object.error();
  const bpf_map* lists = bpf_object__find_map_by_name(object->get(), "destinations");
  lists_ = Fd(::fcntl(bpf_map__fd(lists), F_DUPFD_CLOEXEC, 0));
  if (!lists_.valid()) return Error{"keep the lists of excluded destinations", errno, {}};
  if (auto pinned = pin_to(lists_, pin(kListsPin)); !pinned) return pinned;
  auto made = make_struct_ops(**object, *type, kControlName);
  if (!made) return made.error();
  control_ = std::move(*made);
  if (auto pinned = pin_to(control_, pin(kControlPin)); !pinned) return pinned;
  auto registered = register_struct_ops(control_, **object, *type, kControlName);
  if (!registered && registered.error().code == EEXIST)
    registered.error().hint =
        "one is there whose pins somebody took away; on the node: bpftool "
        "struct_ops unregister name " +
        std::string(kControlName);
  return registered;
}

Result<void> ExcludedDestinations::write_list(std::uint64_t cookie, std::uint64_t inode,
                                              const Destinations& list) {
  List& known = namespaces_[cookie];
  known.inode = inode;
  std::set<Key> wanted;
  for (const Destination& one : list) {
    const Key key = key_of(cookie, one);
    if (bpf_map_update_elem(lists_.get(), key.data(), &inode, BPF_ANY) != 0)
      return errno == ENOSPC
                 ? Error{"the lists of excluded destinations are full: " +
                             std::to_string(kMaxListedDestinations) + " entries on this node",
                         ENOSPC, "name networks instead of addresses"}
                 : bpf_error("exclude " + one.text(), errno);
    known.keys.insert(key);
    wanted.insert(key);
  }
  return drop(known, wanted);
}

Result<void> ExcludedDestinations::drop(List& list, const std::set<Key>& but) {
  for (auto key = list.keys.begin(); key != list.keys.end();) {
    if (but.contains(*key)) {
      ++key;
      continue;
    }
    if (bpf_map_delete_elem(lists_.get(), key->data()) != 0 && errno != ENOENT)
      return bpf_error("take a destination off its list", errno);
    key = list.keys.erase(key);
  }
  return {};
}

ListUse ExcludedDestinations::use() {
  const std::lock_guard lock(mutex_);
  if (!lists_.valid() && adopt()) (void)read_lists();
  ListUse use{0, kMaxListedDestinations};
  for (const auto& [cookie, list] : namespaces_) use.entries += list.keys.size();
  return use;
}

Result<void> ExcludedDestinations::keep(const std::set<std::uint64_t>& inodes) {
  const std::lock_guard lock(mutex_);
  for (auto space = namespaces_.begin(); space != namespaces_.end();) {
    if (inodes.contains(space->second.inode)) {
      ++space;
      continue;
    }
    if (auto dropped = drop(space->second, {}); !dropped) return dropped;
    space = namespaces_.erase(space);
  }
  return {};
}

Result<bool> ExcludedDestinations::remove() {
  const std::lock_guard lock(mutex_);
  if (!control_.valid()) (void)adopt();
  const bool there = lists_.valid() || control_.valid();
  if (control_.valid())
    if (auto gone = unregister_struct_ops(control_); !gone) return gone.error();
  for (const char* name : {kListsPin, kControlPin})
    if (auto removed = unpin(pin(name)); !removed) return removed.error();
  (void)::rmdir(directory_.c_str());  // where another part of the agent has its pins, it stays
  lists_.reset();
  control_.reset();
  namespaces_.clear();
  return there;
}

}  // namespace smc::node
