// The connections that another program of this network namespace has to a server, from the kernel's
// table of TCP sockets. A connection over SMC is in it, too, by the TCP connection that it began as
// (RFC 7609, section 3.1). For one thread.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/host_port.h"
#include "bench/open_ports.h"
#include "node-init/kernel/system.h"

namespace smc::bench {

struct TcpConnection {
  std::string address;  // local
  std::uint16_t port = 0;
  std::string peer_address;
  std::uint16_t peer_port = 0;
};

// The established ones in the text of /proc/net/tcp; lines that are none of its are left out.
std::vector<TcpConnection> established(std::string_view proc_net_tcp);

class TargetPorts : public ConnectionPorts {
 public:
  // `addresses` are the server's, IPv4. `system` must outlive it.
  TargetPorts(node::System& system, std::set<std::string> addresses, std::uint16_t port)
      : system_(system), addresses_(std::move(addresses)), port_(port) {}

  std::set<std::uint16_t> now() const override;
  std::string address() const override { return address_; }

 private:
  node::System& system_;
  const std::set<std::string> addresses_;
  const std::uint16_t port_;
  mutable std::string address_;  // seen by the last now() that saw any
};

// The IPv4 addresses of a host; at least one.
Result<std::set<std::string>> ipv4_addresses_of(const std::string& host);

}  // namespace smc::bench
