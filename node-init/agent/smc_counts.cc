#include "node-init/agent/smc_counts.h"

#include <sstream>
#include <utility>
#include <vector>

#include <arpa/inet.h>

#include "node-init/kernel/fallback_codes.h"
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

bool is_up(const SmcSocket& socket) {
  return socket.state == SocketState::kActive;
}

// Of the connections that this namespace opened, not of those that it accepted.
void note_servers(const std::vector<SmcSocket>& sockets, PeerHistory& peers,
                  Clock::time_point now) {
  std::set<std::uint16_t> listening;
  for (const SmcSocket& socket : sockets)
    if (socket.state == SocketState::kListen) listening.insert(socket.local_port);
  for (const SmcSocket& socket : sockets)
    if (is_up(socket) && !listening.contains(socket.local_port)) peers.add(socket, now);
}

PeerKind peer_of(const SmcSocket& socket, const PeerHistory& peers, Clock::time_point now) {
  const bool no_option = socket.mode == SocketMode::kTcp && socket.fallback_reason == kPeerNoSmc;
  return no_option && !peers.spoke_smc(socket, now) ? PeerKind::kNoSmc : PeerKind::kSmc;
}

Result<SocketCounts> count_sockets(System& system, PeerHistory& peers) {
  const auto sockets = smc_sockets(system);
  if (!sockets) return sockets.error();
  SocketCounts counts;
  if (sockets->empty()) return counts;
  const auto own = own_addresses(system);
  if (!own) return own.error();
  const auto now = system.now();
  note_servers(*sockets, peers, now);
  for (const SmcSocket& socket : *sockets)
    if (is_up(socket)) ++counts[{socket.mode, hop_of(socket, *own), peer_of(socket, peers, now)}];
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

ByteCounts bytes_of(const TrafficStats& traffic) {
  return {{Direction::kSent, traffic.sent_bytes}, {Direction::kReceived, traffic.received_bytes}};
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

NamespaceReading read_namespace(System& system, PeerHistory& peers) {
  NamespaceReading reading;
  reading.traffic = keep(traffic_stats(system), reading.problem);
  reading.fallbacks = keep(fallback_stats(system), reading.problem);
  reading.sockets = keep(count_sockets(system, peers), reading.problem);
  return reading;
}

void SmcCounts::add(const SmcCounts& more) {
  add_counts(connections, more.connections);
  add_counts(fallbacks, more.fallbacks);
  add_counts(bytes, more.bytes);
}

template <class Key>
void NamespaceTotals::Growing<Key>::update(const std::map<Key, std::uint64_t>& now) {
  for (const auto& [key, count] : last)
    if (now.at(key) < count) before_reset[key] += count;
  last = now;
}

template <class Key>
std::map<Key, std::uint64_t> NamespaceTotals::Growing<Key>::totals() const {
  auto sum = before_reset;
  add_counts(sum, last);
  return sum;
}

void NamespaceTotals::update(const NamespaceReading& reading) {
  if (reading.fallbacks) fallbacks_.update(*reading.fallbacks);
  if (!reading.traffic) return;
  connections_.update(handshakes(*reading.traffic));
  bytes_.update(bytes_of(*reading.traffic));
}

SmcCounts NamespaceTotals::counts() const {
  return {connections_.totals(), fallbacks_.counts(), bytes_.totals()};
}

}  // namespace smc::node
