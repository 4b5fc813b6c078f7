#include "node-init/agent/smc_counts.h"

#include <sstream>
#include <utility>

#include <arpa/inet.h>

#include "node-init/kernel/links.h"

namespace smc::node {
namespace {

constexpr std::string_view kMappedPrefix = "::ffff:";

// "::ffff:10.0.0.1" is 10.0.0.1 (RFC 4291, section 2.5.5.2).
std::string_view unmapped(std::string_view address) {
  const bool mapped =
      address.starts_with(kMappedPrefix) && address.find('.') != std::string_view::npos;
  return mapped ? address.substr(kMappedPrefix.size()) : address;
}

bool is_unspecified(std::string_view address) {
  return address.empty() || address == "0.0.0.0" || address == "::";
}

// A line of if_inet6 begins with 32 hexadecimal digits without colons.
std::optional<std::string> ipv6_text(const std::string& digits) {
  if (digits.size() != 32) return std::nullopt;
  std::string spaced;
  for (std::size_t i = 0; i < digits.size(); i += 4)
    spaced += (i == 0 ? "" : ":") + digits.substr(i, 4);
  in6_addr address{};
  char text[INET6_ADDRSTRLEN];
  if (::inet_pton(AF_INET6, spaced.c_str(), &address) != 1) return std::nullopt;
  return ::inet_ntop(AF_INET6, &address, text, sizeof text);
}

Result<std::set<std::string>> own_addresses(System& system) {
  std::set<std::string> own;
  const auto ipv4 = ipv4_addresses(system);
  if (!ipv4) return ipv4.error();
  for (const Ipv4Address& one : *ipv4) own.insert(one.address);
  // /proc/net would be that of the process, not of the thread.
  const auto ipv6 = system.read_file("/proc/thread-self/net/if_inet6");
  if (!ipv6) return own;  // IPv6 is switched off
  std::istringstream lines(*ipv6);
  for (std::string line; std::getline(lines, line);)
    if (auto text = ipv6_text(line.substr(0, line.find(' ')))) own.insert(*std::move(text));
  return own;
}

Result<SocketCounts> count_sockets(System& system) {
  const auto sockets = smc_sockets(system);
  if (!sockets) return sockets.error();
  SocketCounts counts;
  if (sockets->empty()) return counts;
  const auto own = own_addresses(system);
  if (!own) return own.error();
  for (const SmcSocket& socket : *sockets)
    if (socket.state == SocketState::kActive) ++counts[{socket.mode, hop_of(socket, *own)}];
  return counts;
}

template <class T>
std::optional<T> keep(Result<T> result, std::optional<Error>& problem) {
  if (result) return std::move(*result);
  if (!problem) problem = result.error();
  return std::nullopt;
}

HandshakeCounts handshakes(const TrafficStats& traffic) {
  return {{{Side::kClient, 1}, traffic.client_v1},
          {{Side::kClient, 2}, traffic.client_v2},
          {{Side::kServer, 1}, traffic.server_v1},
          {{Side::kServer, 2}, traffic.server_v2}};
}

template <class Key>
void add_counts(std::map<Key, std::uint64_t>& sum, const std::map<Key, std::uint64_t>& more) {
  for (const auto& [key, count] : more) sum[key] += count;
}

}  // namespace

Hop hop_of(const SmcSocket& socket, const std::set<std::string>& own) {
  const std::string peer(unmapped(socket.peer_address));
  if (is_unspecified(peer)) return Hop::kUnknown;
  if (peer.starts_with("127.") || peer == unmapped(socket.local_address)) return Hop::kLocal;
  return own.contains(peer) ? Hop::kLocal : Hop::kRemote;
}

NamespaceReading read_namespace(System& system) {
  NamespaceReading reading;
  reading.traffic = keep(traffic_stats(system), reading.problem);
  reading.fallbacks = keep(fallback_stats(system), reading.problem);
  reading.sockets = keep(count_sockets(system), reading.problem);
  return reading;
}

void SmcCounts::add(const SmcCounts& more) {
  add_counts(connections, more.connections);
  add_counts(fallbacks, more.fallbacks);
}

void NamespaceTotals::update(const NamespaceReading& reading) {
  if (reading.fallbacks) fallbacks_.update(*reading.fallbacks);
  if (!reading.traffic) return;
  const HandshakeCounts now = handshakes(*reading.traffic);
  for (auto& [kind, seen] : seen_)
    if (now.at(kind) < seen) before_reset_[kind] += seen;
  seen_ = now;
}

SmcCounts NamespaceTotals::counts() const {
  SmcCounts counts{before_reset_, fallbacks_.counts()};
  add_counts(counts.connections, seen_);
  return counts;
}

}  // namespace smc::node
