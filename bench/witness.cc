#include "bench/witness.h"

#include <array>
#include <charconv>
#include <sstream>

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

std::string counted(std::uint64_t number, const std::string& what) {
  return std::to_string(number) + " " + what;
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

Witness::Witness(node::System& system, const OpenPorts& ports) : system_(system), ports_(ports) {
  proof_.interface = interface_of(system, ports.address());
}

void Witness::begin() {
  look_at_sockets();  // names the device
  proof_.samples = 0;
  most_on_tcp_ = of_ = 0;
  if (const auto stats = node::fallback_stats(system_))
    fallbacks_before_ = stats->client_total + stats->server_total;
  before_ = counters();
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
  if (const auto text = system_.read_file("/proc/net/dev"))
    out.interface_bytes = interface_bytes(*text, proof_.interface);
  out.device_packets = packets_of(system_, proof_.device, device_port_);
  return out;
}

// A connection that is not among the SMC sockets is a TCP socket that was never switched.
void Witness::look_at_sockets() {
  const auto sockets = node::smc_sockets(system_);
  if (!sockets) trouble_ = sockets.error().text();
  const auto ports = ports_.now();
  std::map<std::string, std::uint64_t> modes;
  codes_.clear();
  std::uint64_t listed = 0;
  if (sockets) {
    for (const SmcSocket& socket : *sockets) {
      if (socket.state != SocketState::kActive || !ports.contains(socket.local_port) ||
          socket.peer_port == 0)
        continue;
      ++listed;
      ++modes[mode_word(socket.mode)];
      if (socket.mode == SocketMode::kTcp) ++codes_[socket.fallback_reason];
      if (socket.mode != SocketMode::kSmcR) continue;
      proof_.device = socket.device;
      device_port_ = socket.device_port;
    }
  }
  if (listed < ports.size()) modes["tcp"] += ports.size() - listed;
  if (sockets || ports.empty()) ++proof_.samples;
  if (ports.size() >= proof_.connections) {  // at the end of a load some are closed already
    proof_.modes = modes;
    proof_.connections = ports.size();
  }
  const std::uint64_t on_tcp = ports.size() - std::min(ports.size(), modes["smc-r"]);
  if (on_tcp >= most_on_tcp_) {
    most_on_tcp_ = on_tcp;
    of_ = ports.size();
  }
  std::erase_if(proof_.modes, [](const auto& item) { return item.second == 0; });
}

Proof Witness::end(std::uint64_t requests, std::uint64_t payload) {
  for (const auto& [code, count] : codes_)
    proof_.fallbacks.push_back(
        {node::describe_fallback(code).substr(0, 10), node::describe_fallback(code), count});
  judge(requests, payload, counters());
  return proof_;
}

void Witness::judge(std::uint64_t requests, std::uint64_t payload, const Counters& now) {
  const std::uint64_t least_bytes = requests * std::max<std::uint64_t>(payload, 1);
  if (proof_.samples == 0)
    proof_.doubts.push_back("the kernel's table of SMC sockets could not be read: " +
                            (trouble_.empty() ? "the run was shorter than a second" : trouble_));
  if (most_on_tcp_ > 0)
    proof_.doubts.push_back(std::to_string(most_on_tcp_) + " of " +
                            counted(of_, "connections were not SMC-R"));
  if (requests == 0) proof_.doubts.push_back("no request was answered");
  if (now.smc && before_.smc) proof_.smc_bytes = bytes_of(*now.smc) - bytes_of(*before_.smc);
  if (proof_.smc_bytes < least_bytes)
    proof_.doubts.push_back("SMC counted " + counted(proof_.smc_bytes, "bytes, the requests had ") +
                            std::to_string(least_bytes));
  judge_carrier(requests, least_bytes, now);
}

// One request at a time is under way on a connection, so that each needs a packet of its own.
void Witness::judge_carrier(std::uint64_t requests, std::uint64_t least_bytes,
                            const Counters& now) {
  bool carried = false;
  if (now.device_packets && before_.device_packets) {
    proof_.device_packets = *now.device_packets - *before_.device_packets;
    carried = *proof_.device_packets >= requests;
  }
  if (now.interface_bytes && before_.interface_bytes) {
    proof_.interface_bytes = *now.interface_bytes - *before_.interface_bytes;
    carried = carried || proof_.interface_bytes < least_bytes;
  }
  if (!carried)
    proof_.doubts.push_back(
        (proof_.device_packets
             ? "the RDMA device counted " + counted(*proof_.device_packets, "packets for ") +
                   counted(requests, "requests, and ")
             : "the RDMA device's packets are not known, and ") +
        (proof_.interface.empty()
             ? "the interface is not known"
             : proof_.interface + " carried " + counted(proof_.interface_bytes, "bytes")));
}

}  // namespace smc::bench
