#include "bench/witness.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <sstream>
#include <utility>

#include "node-init/kernel/fallback_codes.h"
#include "node-init/kernel/links.h"

namespace smc::bench {
namespace {

using node::SmcSocket;
using node::SocketMode;
using node::SocketState;

std::string interface_of(node::System& system, const std::string& source) {
  const auto addresses = node::ipv4_addresses(system);
  const auto links = node::links(system);
  if (!addresses || !links) return "";
  for (const node::Ipv4Address& address : *addresses)
    if (address.address == source)
      for (const node::Link& link : *links)
        if (link.index == address.ifindex) return link.name;
  return "";
}

bool counts_packets(const std::string& name) {
  // rxe's sent_pkts and rcvd_pkts, erdma's hw_tx_packets_cnt and hw_rx_packets_cnt
  for (const char* known : {"sent_pkts", "rcvd_pkts", "hw_tx_packets_cnt", "hw_rx_packets_cnt"})
    if (name == known) return true;
  return false;
}

std::optional<std::uint64_t> packets_of(node::System& system, const std::string& device, int port) {
  const std::string path =
      "/sys/class/infiniband/" + device + "/ports/" + std::to_string(port) + "/hw_counters";
  const auto names = system.list_directory(path);
  if (device.empty() || !names) return std::nullopt;
  std::optional<std::uint64_t> all;
  for (const std::string& name : *names) {
    if (!counts_packets(name)) continue;
    const auto text = system.read_file(std::string(path).append("/").append(name));
    std::uint64_t count = 0;
    if (!text ||
        std::from_chars(text->data(), text->data() + text->size(), count).ec != std::errc())
      continue;
    all = all.value_or(0) + count;
  }
  return all;
}

std::uint64_t bytes_of(const node::TrafficStats& stats) {
  return stats.sent_bytes + stats.received_bytes;
}

std::string mode_word(SocketMode mode) {
  switch (mode) {
    case SocketMode::kSmcR:
      return "smc-r";
    case SocketMode::kSmcD:
      return "smc-d";
    default:
      return "tcp";
  }
}

}  // namespace

std::optional<std::uint64_t> interface_bytes(const std::string& proc_net_dev,
                                             const std::string& interface) {
  std::istringstream lines(proc_net_dev);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t colon = line.find(':');
    const std::size_t begin = line.find_first_not_of(' ');
    if (colon == std::string::npos || line.substr(begin, colon - begin) != interface) continue;
    // received bytes, 7 other columns, sent bytes
    std::istringstream columns(line.substr(colon + 1));
    std::array<std::uint64_t, 9> value{};
    for (std::uint64_t& column : value) columns >> column;
    if (columns) return value[0] + value[8];
  }
  return std::nullopt;
}

void Witness::begin() {
  look_at_sockets();  // names the device
  proof_.samples = 0;
  most_on_tcp_ = of_ = 0;
  begin_with(counters());
}

bool Witness::begin_before_connections() {
  const Counters now = counters();
  if (!ports_.now().empty()) return false;
  begin_with(now);
  return true;
}

void Witness::begin_with(const Counters& now) {
  before_ = now;
  if (const auto stats = node::fallback_stats(system_))
    fallbacks_before_ = stats->client_total + stats->server_total;
}

std::uint64_t Witness::look() {
  look_at_sockets();
  const auto stats = node::fallback_stats(system_);
  if (!stats) return 0;
  const std::uint64_t now = stats->client_total + stats->server_total;
  return now - std::exchange(fallbacks_before_, now);
}

Witness::Counters Witness::counters() {
  Counters out;
  if (const auto stats = node::traffic_stats(system_)) out.smc = *stats;
  if (const auto text = system_.read_file("/proc/net/dev")) out.interfaces = *text;
  out.device_packets = packets_of(system_, proof_.device, device_port_);
  return out;
}

// A connection that is not among the SMC sockets is a TCP socket that was never switched. One that
// came or went between the looks into the two tables, or is about to be SMC or closed, says
// nothing: a socket that its program closes leaves the table of SMC sockets at once, and its TCP
// connection stays until the peer has closed, too.
void Witness::look_at_sockets() {
  const auto ports_before = ports_.now();
  const auto sockets = node::smc_sockets(system_);
  if (!sockets) trouble_ = sockets.error().text();
  std::set<std::uint16_t> plain;
  for (const std::uint16_t port : ports_.now())
    if (ports_before.contains(port)) plain.insert(port);
  std::uint64_t all = plain.size();
  std::map<std::string, std::uint64_t> modes;
  codes_.clear();
  for (const SmcSocket& socket : sockets ? *sockets : std::vector<SmcSocket>()) {
    if (socket.peer_port == 0 || plain.erase(socket.local_port) == 0) continue;
    listed_.insert(socket.local_port);
    if (socket.state != SocketState::kActive) {
      --all;
      continue;
    }
    ++modes[mode_word(socket.mode)];
    if (socket.mode == SocketMode::kTcp) ++codes_[socket.fallback_reason];
    if (socket.mode != SocketMode::kSmcR) continue;
    proof_.device = socket.device;
    device_port_ = socket.device_port;
  }
  if (sockets)
    all -= std::erase_if(plain, [this](std::uint16_t port) { return listed_.contains(port); });
  if (!plain.empty()) modes["tcp"] += plain.size();
  if (sockets || all == 0) ++proof_.samples;
  if (all >= proof_.connections) {  // at the end of a load some are closed already
    proof_.modes = modes;
    proof_.connections = all;
  }
  const std::uint64_t on_tcp = all - std::min(all, modes["smc-r"]);
  if (on_tcp >= most_on_tcp_) {
    most_on_tcp_ = on_tcp;
    of_ = all;
  }
  std::erase_if(proof_.modes, [](const auto& item) { return item.second == 0; });
  if (proof_.interface.empty()) proof_.interface = interface_of(system_, ports_.address());
}

Proof Witness::end() {
  for (const auto& [code, count] : codes_)
    proof_.fallbacks.push_back(
        {node::describe_fallback(code).substr(0, 10), node::describe_fallback(code), count});
  if (proof_.samples == 0)
    proof_.doubts.push_back("the kernel's table of SMC sockets could not be read: " +
                            (trouble_.empty() ? "the run was shorter than a second" : trouble_));
  else if (proof_.connections == 0)
    proof_.doubts.push_back("no connection was seen");
  if (most_on_tcp_ > 0)
    proof_.doubts.push_back(std::to_string(most_on_tcp_) + " of " + std::to_string(of_) +
                            " connections were not SMC-R");
  count();
  return proof_;
}

void Witness::count() {
  const Counters now = counters();
  if (now.smc && before_.smc) proof_.smc_bytes = bytes_of(*now.smc) - bytes_of(*before_.smc);
  if (now.device_packets && before_.device_packets)
    proof_.device_packets = *now.device_packets - *before_.device_packets;
  const auto bytes = interface_bytes(now.interfaces, proof_.interface);
  const auto bytes_before = interface_bytes(before_.interfaces, proof_.interface);
  if (bytes && bytes_before)
    proof_.interface_bytes = *bytes - *bytes_before;
  else
    proof_.interface.clear();
}

}  // namespace smc::bench
