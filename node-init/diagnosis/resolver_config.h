// The C library's resolver, of the calling thread alone, with another configuration than the one of
// /etc/resolv.conf: that of a pod.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace smc::node {

struct ResolverConfig {
  std::vector<std::uint32_t> servers;  // IPv4, host order; at most three, as the C library has
  std::vector<std::string> search;     // at most six
  int ndots = 1;
};

// resolv.conf(5): what is neither nameserver, search, domain nor ndots is left to the C library's
// defaults, as are name servers that have no IPv4 address.
ResolverConfig parse_resolv_conf(std::string_view text);

// Has getaddrinfo() on this thread ask a dead name server for `server_seconds`, twice; and where a
// configuration is given, ask that one's. Back to /etc/resolv.conf when this ends.
class ThreadResolver {
 public:
  ThreadResolver(const ResolverConfig* config, int server_seconds);
  ~ThreadResolver();
  ThreadResolver(const ThreadResolver&) = delete;
  ThreadResolver& operator=(const ThreadResolver&) = delete;

 private:
  std::vector<std::string> search_;  // the resolver's state points into it
};

}  // namespace smc::node
