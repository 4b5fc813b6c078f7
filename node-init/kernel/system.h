// The one door to the kernel. Everything node-init and the agent do to a machine, or learn from it,
// goes through a System, so that the unit tests can record each step in order and let each one
// fail. Thin on purpose: netlink messages, sysctls and /proc are passed as bytes, and all
// understanding of them sits above.
//
// A System may be used from any thread. What belongs to a network namespace (netlink sockets,
// /proc/sys/net, sockets) is taken from the calling thread's namespace.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace smc::node {

using Clock = std::chrono::steady_clock;

// One netlink socket, bound to the namespace in which it was opened. For one thread at a time.
class NetlinkSocket {
 public:
  virtual ~NetlinkSocket() = default;

  virtual Result<void> send(std::string_view message) = 0;

  // The next datagram, whole: one or more messages. ETIMEDOUT when none came in time, ENOBUFS when
  // the kernel had to drop some.
  virtual Result<std::string> receive(std::chrono::milliseconds timeout) = 0;

  // For poll(): readable when receive() would not have to wait. -1: none.
  virtual int descriptor() const { return -1; }
};

// What libibverbs alone tells of a device; all else is in RDMA netlink and /sys (rdma_devices.h,
// rdma_gids.h), which also answer where the device's file may not be opened.
struct VerbsDevice {
  std::string name;
  int max_queue_pairs = 0;
  std::optional<Error> problem;  // why it could not be opened or asked
};

// A directory that has appeared in a watched one; without names: some were lost.
struct DirectoryEvent {
  std::string parent;  // as add() was told
  std::string name;

  bool operator==(const DirectoryEvent&) const = default;
};

// What appears in some directories. A directory that goes away is no longer watched. For one thread
// at a time.
class DirectoryEvents {
 public:
  virtual ~DirectoryEvents() = default;

  // Reports what appears from now on.
  virtual Result<void> add(const std::string& path) = 0;

  // Takes what has come; does not wait.
  virtual std::vector<DirectoryEvent> take() = 0;

  // For poll(): readable when there is something to take. -1: none.
  virtual int descriptor() const { return -1; }
};

// Both ends of one SMC connection inside the calling process, open for as long as this lives.
class SmcPair {
 public:
  virtual ~SmcPair() = default;

  // As sock_diag lists them.
  virtual std::uint64_t client_inode() const = 0;
  virtual std::uint64_t server_inode() const = 0;
};

class System {
 public:
  virtual ~System() = default;

  // Files of /proc and /sys, at most kMaxKernelFileBytes; trailing white space is kept.
  virtual Result<std::string> read_file(const std::string& path) = 0;
  virtual Result<std::vector<std::string>> list_directory(const std::string& path) = 0;
  virtual Result<std::string> read_link(const std::string& path) = 0;

  virtual Result<std::unique_ptr<DirectoryEvents>> watch_directories() = 0;

  // Writes `value` into an existing file in one write(2), as a sysctl wants it.
  virtual Result<void> write_file(const std::string& path, const std::string& value) = 0;

  // `groups`: bit mask of the multicast groups to listen to; 0 for requests and answers.
  virtual Result<std::unique_ptr<NetlinkSocket>> open_netlink(int protocol,
                                                              std::uint32_t groups) = 0;

  // Every device that libibverbs finds, those it cannot open included.
  virtual Result<std::vector<VerbsDevice>> verbs_devices() = 0;

  // Runs `body` on a thread of its own in the network namespace that the file `path` stands for
  // (/proc/PID/ns/net), waits for it and returns what it returned. The caller's thread stays where
  // it is.
  virtual Result<void> in_net_namespace(const std::string& path,
                                        const std::function<Result<void>()>& body) = 0;

  // The same in a new, empty namespace that goes away with its last socket.
  virtual Result<void> in_new_net_namespace(const std::function<Result<void>()>& body) = 0;

  // Listens on an AF_SMC socket on `address` (IPv4, port chosen by the kernel), connects another
  // one to it, and moves a few bytes both ways. ETIMEDOUT where that takes longer than `timeout`.
  virtual Result<std::unique_ptr<SmcPair>> connect_smc_pair(const std::string& address,
                                                            std::chrono::milliseconds timeout) = 0;

  // Which protocol a stream socket of IPv4 has that is opened as programs do it, and closed again:
  // IPPROTO_TCP, or what a BPF program made of it.
  virtual Result<int> stream_socket_protocol() = 0;

  // The number of the calling thread's network namespace (SO_NETNS_COOKIE), given to none other
  // until the next boot.
  virtual Result<std::uint64_t> net_namespace_cookie() = 0;

  // Deadlines and durations go by now(), which never jumps; what people read by wall_time().
  virtual Clock::time_point now() = 0;
  virtual std::chrono::system_clock::time_point wall_time() = 0;
  virtual void sleep_for(std::chrono::milliseconds duration) = 0;
};

// /proc/net/tcp of a busy node is the largest file of interest: 150 bytes a socket, 100,000
// sockets.
inline constexpr std::size_t kMaxKernelFileBytes = 16 << 20;

// The running kernel. `host_root`: where the node's /proc/sys/net is mounted once more, for
// writing: a container that is not privileged has /proc/sys read-only. Either shows the parameters
// of the namespace that the calling thread is in. Empty: nowhere.
std::unique_ptr<System> make_real_system(const std::string& host_root = {});

}  // namespace smc::node
