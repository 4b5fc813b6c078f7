// Watches what carries a load's connections while it runs, by three accounts of the kernel that do
// not depend on one another: its table of SMC sockets, SMC's own counters, and the bytes of the
// interface or the packets of the RDMA device. For one thread, in the load's network namespace.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "bench/open_ports.h"
#include "bench/run_result.h"
#include "node-init/kernel/smc_sockets.h"
#include "node-init/kernel/smc_stats.h"
#include "node-init/kernel/system.h"

namespace smc::bench {

class Witness {
 public:
  // Both must outlive it.
  Witness(node::System& system, const ConnectionPorts& ports) : system_(system), ports_(ports) {}

  // When the measured part begins; takes the counters as they are then.
  void begin();

  // Instead, where another program makes the load: takes the counters again and again, as long as
  // there is no connection. False: there is one, and what was taken before it holds.
  bool begin_before_connections();

  // Once a second; returns the connections that have fallen back since the last call.
  std::uint64_t look();

  // When it is over: what the kernel counted, to be held against the load's requests (judge()).
  Proof end();

 private:
  struct Counters {
    std::optional<node::TrafficStats> smc;
    std::string interfaces;  // /proc/net/dev
    std::optional<std::uint64_t> device_packets;
  };
  Counters counters();
  void begin_with(const Counters& now);
  void look_at_sockets();
  void count();

  node::System& system_;
  const ConnectionPorts& ports_;
  Proof proof_;
  int device_port_ = 0;
  std::map<std::uint32_t, std::uint64_t> codes_;  // of connections on TCP, at the last look
  std::set<std::uint16_t> listed_;                // ports of connections that were SMC sockets once
  std::uint64_t most_on_tcp_ = 0;                 // of one look
  std::uint64_t of_ = 0;                          // connections there were then
  std::uint64_t fallbacks_before_ = 0;
  std::string trouble_;  // why a table could not be read
  Counters before_;
};

// The bytes received and sent by an interface, from the text of /proc/net/dev.
std::optional<std::uint64_t> interface_bytes(const std::string& proc_net_dev,
                                             const std::string& interface);

}  // namespace smc::bench
