// A kernel made of tables: answers the netlink requests of the code under test as Linux 6.12 was
// seen to, records every request and every write in order, and lets each of them fail, be answered
// with other bytes, or be interrupted. For one thread.
//
//   FakeSystem system;                       // a node: one RDMA device, one pod namespace
//   system.fail("SMC_PNETID ADD", EPERM);    // the next request whose text starts so
//   system.before("SMC_PNETID ADD", [&] { … });   // what another program does just then
//   system.replay("SMC_PNETID GET", {bytes});     // these datagrams in place of the answer
//   system.kill_at(2);                       // the process dies instead of the third write
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "node-init/kernel/links.h"
#include "node-init/kernel/pnet_table.h"
#include "node-init/kernel/rdma_devices.h"
#include "node-init/kernel/smc_devices.h"
#include "node-init/kernel/smc_sockets.h"
#include "node-init/kernel/smc_stats.h"
#include "node-init/kernel/system.h"

namespace smc::node::test {

// What belongs to one network namespace.
struct FakeNamespace {
  std::map<std::string, std::string> sysctls;  // by path
  std::vector<PnetEntry> pnet_table;
  std::vector<Link> links;
  std::vector<Ipv4Address> addresses;
  std::optional<int> default_route;
  std::vector<SmcSocket> sockets;
  FallbackStats fallbacks;
  TrafficStats traffic;
  std::string id = "net:[4026532000]";
  std::uint64_t cookie = 1;
};

// Thrown where kill_at() says; a test catches it and runs the code under test again.
struct Killed {};

class FakeSystem final : public System {
 public:
  // A node with one eRDMA-like device "rdma0" (active, pnetid PNA, RoCE v2 for 10.9.0.254), one
  // UEID, and the calling thread in a pod's namespace "pod" with lo and eth0 (10.9.0.11/24, default
  // route). The kernel has net.smc.tcp2smc, as far as the namespace "node" shows it.
  FakeSystem();

  // --- the machine, to be changed at will
  bool smc_available = true;  // the module can be loaded
  bool smc_loaded = false;
  bool rdma_shared = true;
  std::vector<SmcDevice> devices;
  std::vector<RdmaDevice> rdma;
  std::vector<VerbsDevice> verbs;
  std::map<std::string, std::uint64_t> queue_pairs;  // in use, by device
  std::vector<std::string> ueids;
  std::map<std::string, std::string> files;  // outside /proc/sys
  std::map<std::string, std::vector<std::string>> directories;
  std::map<std::string, std::string> symlinks;
  std::map<std::string, FakeNamespace> namespaces;  // by path; "pod" and "node" are there
  // What becomes of an SMC connection made by connect_smc_pair; without it the tables decide.
  std::optional<Error> pair_error;
  Clock::duration pair_takes = std::chrono::milliseconds(80);
  std::vector<std::chrono::milliseconds> pair_timeouts;  // of the calls so far

  // Whether the BPF switch makes SMC sockets of the TCP ones of the namespace with this cookie.
  std::function<bool(std::uint64_t)> switched_by_bpf;
  // A kernel that can have that switch: 6.12 with BTF.
  void offer_bpf_switch();

  FakeNamespace& pod() { return namespaces.at("pod"); }
  FakeNamespace& node() { return namespaces.at("node"); }
  void enter(const std::string& name_of_namespace) { current_ = name_of_namespace; }
  // Puts a port's GID table into /sys: each type ("RoCE v2") with its GID as the kernel writes it.
  void set_gids(const std::string& device, int port,
                const std::vector<std::pair<std::string, std::string>>& gids);
  // Makes a directory below one that is there, and tells who watches that one.
  void make_directory(const std::string& parent, const std::string& name);
  // Of the watched directories events are lost from here on, and that is told once.
  void lose_directory_events();
  // Puts the index of the running kernel's modules into /lib/modules (or below another folder).
  void set_modules(const std::string& loadable, const std::string& builtin,
                   const std::string& below = "/lib/modules/");

  // --- the record
  // Every change asked for, in order: "SMC_PNETID ADD eth0=PNA", "write /proc/sys/… = 1", ….
  // Those that failed carry their errno: "… -> 17".
  std::vector<std::string> writes;
  // Every request and write.
  std::vector<std::string> requests;

  // --- faults; `prefix` is matched against the texts of `requests`
  void fail(const std::string& prefix, int code, int times = 1);
  void replay(const std::string& prefix, std::vector<std::string> datagrams, int times = 1);
  void before(const std::string& prefix, std::function<void()> action);
  void kill_at(int write_number) { kill_at_ = write_number; }

  // --- System
  Result<std::string> read_file(const std::string& path) override;
  Result<std::vector<std::string>> list_directory(const std::string& path) override;
  Result<std::string> read_link(const std::string& path) override;
  Result<std::unique_ptr<DirectoryEvents>> watch_directories() override;
  Result<void> write_file(const std::string& path, const std::string& value) override;
  Result<std::unique_ptr<NetlinkSocket>> open_netlink(int protocol, std::uint32_t groups) override;
  Result<std::vector<VerbsDevice>> verbs_devices() override;
  Result<void> in_net_namespace(const std::string& path,
                                const std::function<Result<void>()>& body) override;
  Result<void> in_new_net_namespace(const std::function<Result<void>()>& body) override;
  Result<std::unique_ptr<SmcPair>> connect_smc_pair(const std::string& address,
                                                    std::chrono::milliseconds timeout) override;
  Result<int> stream_socket_protocol() override;
  Result<std::uint64_t> net_namespace_cookie() override { return here().cookie; }
  Clock::time_point now() override { return now_; }
  std::chrono::system_clock::time_point wall_time() override {
    return std::chrono::system_clock::time_point(
        std::chrono::duration_cast<std::chrono::system_clock::duration>(now_.time_since_epoch()));
  }
  void sleep_for(std::chrono::milliseconds duration) override { now_ += duration; }

  // The datagrams that answer `message`; used by the sockets.
  std::vector<std::string> answer(int protocol, const std::string& message);

 private:
  struct Fault {
    std::string prefix;
    int times = 1;
    int code = 0;
    std::vector<std::string> datagrams;
    std::function<void()> action;
  };

  FakeNamespace& here() { return namespaces.at(current_); }
  // Notes a request, runs what was planned before it, and hands out a planned fault.
  std::optional<Fault> note(const std::string& text, bool is_write);
  // The first one planned for this text, used up by one.
  std::optional<Fault> take_fault(const std::string& text, bool action);
  void note_failure(int code) { writes.back() += " -> " + std::to_string(code); }

  std::vector<std::string> control_request(const std::string& message);
  std::vector<std::string> pnet_request(const std::string& message);
  std::vector<std::string> smc_request(const std::string& message);
  std::vector<std::string> route_request(const std::string& message);
  std::vector<std::string> rdma_request(const std::string& message);
  std::vector<std::string> diag_request(const std::string& message);
  // A write: its fault, else what `change` returns as errno.
  std::vector<std::string> change(const std::string& text, const std::function<int()>& apply);
  // A read: its fault, else the messages and the end of the dump.
  std::vector<std::string> dump(const std::string& text,
                                const std::function<std::string()>& messages);
  int pnet_add(const PnetEntry& entry);
  int pnet_del(const std::string& pnetid);
  int ueid_change(int command, const std::string& padded);

  struct WatchedDirectories {
    std::set<std::string> paths;
    std::vector<DirectoryEvent> events;
  };
  class FakeDirectoryEvents;

  std::string current_ = "pod";
  std::shared_ptr<WatchedDirectories> watched_ = std::make_shared<WatchedDirectories>();
  bool loses_events_ = false;
  std::vector<Fault> faults_;
  int kill_at_ = -1;
  std::uint64_t next_inode_ = 1000;
  Clock::time_point now_{};
};

}  // namespace smc::node::test
