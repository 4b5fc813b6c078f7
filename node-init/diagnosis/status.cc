#include "node-init/diagnosis/status.h"

#include <cerrno>
#include <cstdio>

#include <linux/smc.h>
#include <nlohmann/json.hpp>

#include "node-init/kernel/fallback_codes.h"
#include "node-init/kernel/netlink.h"
#include "node-init/kernel/network_choice.h"
#include "node-init/kernel/ueid.h"

namespace smc::node {
namespace {

using Json = nlohmann::ordered_json;

// What was read, or a note that it could not be.
template <class T>
T take(Result<T> read, std::vector<Error>& missing) {
  if (read) return std::move(*read);
  missing.push_back(read.error());
  return {};
}

std::string_view side_name(Side side) {
  return side == Side::kClient ? "client" : "server";
}

std::string hex(std::uint32_t code) {
  char text[11];
  std::snprintf(text, sizeof text, "0x%08x", code);
  return text;
}

std::string end_text(const std::string& address, std::uint16_t port) {
  return address + ":" + std::to_string(port);
}

std::string socket_text(const SmcSocket& socket) {
  char head[96];
  std::snprintf(head, sizeof head, "  %-8s %-6s %-21s %-21s", state_name(socket.state).c_str(),
                std::string(mode_name(socket.mode)).c_str(),
                end_text(socket.local_address, socket.local_port).c_str(),
                end_text(socket.peer_address, socket.peer_port).c_str());
  std::string text = head;
  if (socket.mode == SocketMode::kSmcR) text += " " + socket.device;
  if (socket.mode == SocketMode::kTcp) {
    text += " " + describe_fallback(socket.fallback_reason);
    if (socket.peer_diagnosis != 0) text += ", peer " + describe_fallback(socket.peer_diagnosis);
  }
  return text + "\n";
}

std::string pnet_text(const PnetEntry& entry) {
  const std::string where = entry.interface.empty()
                                ? entry.ib_device + " port " + std::to_string(entry.ib_port)
                                : entry.interface;
  return "  " + where + " = " + entry.pnetid + "\n";
}

std::string switch_text(const std::optional<ProgramSwitch>& found) {
  if (!found) return {};
  const std::string text = "switch for existing programs: ";
  if (found->kind == SwitchKind::kNone) return text + "this kernel has none\n";
  const std::string name =
      found->kind == SwitchKind::kBpf ? "the agent's (BPF)" : "net.smc.tcp2smc";
  return text + name + (found->on ? ", on\n" : ", off\n");
}

Json devices_json(const std::vector<SmcDevice>& devices) {
  auto list = Json::array();
  for (const SmcDevice& device : devices)
    for (const SmcPort& port : device.ports)
      list.push_back({{"device", device.name},
                      {"port", port.number},
                      {"active", port.active},
                      {"pnetid", port.pnetid},
                      {"ifindex", port.ifindex}});
  return list;
}

Json fallbacks_json(const FallbackStats& stats) {
  auto reasons = Json::array();
  for (const FallbackReason& reason : stats.reasons) {
    const FallbackCode* known = find_fallback_code(reason.code);
    reasons.push_back({{"side", side_name(reason.side)},
                       {"code", hex(reason.code)},
                       {"meaning", known == nullptr ? "" : known->meaning},
                       {"count", reason.count}});
  }
  return {{"client", stats.client_total}, {"server", stats.server_total}, {"reasons", reasons}};
}

Json socket_json(const SmcSocket& socket) {
  Json json = {{"state", state_name(socket.state)},
               {"mode", mode_name(socket.mode)},
               {"local", end_text(socket.local_address, socket.local_port)},
               {"peer", end_text(socket.peer_address, socket.peer_port)},
               {"inode", socket.inode}};
  if (socket.mode == SocketMode::kSmcR) {
    json["device"] = socket.device;
    json["gid"] = socket.gid;
    json["peerGid"] = socket.peer_gid;
  }
  if (socket.mode == SocketMode::kTcp) {
    json["reason"] = hex(socket.fallback_reason);
    json["peerDiagnosis"] = hex(socket.peer_diagnosis);
  }
  return json;
}

}  // namespace

Result<Status> read_status(System& system) {
  const auto registered = generic_family_registered(system, SMC_GENL_FAMILY_NAME);
  if (!registered) return registered.error();
  if (!*registered)
    return Error{"the kernel's SMC is not loaded, or this kernel has none", 0,
                 "smc-node-init check says what the node lacks"};
  Status status;
  if (auto found = read_program_switch(system))
    status.program_switch = *found;
  else
    status.missing.push_back(found.error());
  status.devices = take(smc_devices(system), status.missing);
  status.pnet_table = take(read_pnet_table(system), status.missing);
  status.ueids = take(read_ueids(system), status.missing);
  status.traffic = take(traffic_stats(system), status.missing);
  status.fallbacks = take(fallback_stats(system), status.missing);
  status.sockets = take(smc_sockets(system), status.missing);
  return status;
}

std::string status_text(const Status& status) {
  std::string text = switch_text(status.program_switch);
  text += "devices: " + describe_ports(status.devices) + "\n";
  text += "pnetids of this namespace:" + std::string(status.pnet_table.empty() ? " none\n" : "\n");
  for (const PnetEntry& entry : status.pnet_table) text += pnet_text(entry);
  text += "UEIDs of the node:" + std::string(status.ueids.empty() ? " none\n" : "\n");
  for (const std::string& ueid : status.ueids) text += "  " + ueid + "\n";

  const TrafficStats& traffic = status.traffic;
  text += "connections over SMC-R: " + std::to_string(traffic.client_v1 + traffic.client_v2) +
          " as client, " + std::to_string(traffic.server_v1 + traffic.server_v2) +
          " as server; bytes received " + std::to_string(traffic.received_bytes) + ", sent " +
          std::to_string(traffic.sent_bytes) + "\n";
  const FallbackStats& fallbacks = status.fallbacks;
  text += "fallbacks to TCP: " + std::to_string(fallbacks.client_total) + " as client, " +
          std::to_string(fallbacks.server_total) + " as server\n";
  for (const FallbackReason& reason : fallbacks.reasons)
    text += "  " + std::string(side_name(reason.side)) + " " + std::to_string(reason.count) +
            " x " + describe_fallback(reason.code) + "\n";
  text += "sockets:" + std::string(status.sockets.empty() ? " none\n" : "\n");
  for (const SmcSocket& socket : status.sockets) text += socket_text(socket);
  for (const Error& error : status.missing)
    text += "not known: " + error.text() +
            " hint: " + (error.hint.empty() ? "this kernel may be too old for it" : error.hint) +
            "\n";
  return text;
}

std::string status_json(const Status& status) {
  auto pnetids = Json::array();
  for (const PnetEntry& entry : status.pnet_table)
    pnetids.push_back({{"pnetid", entry.pnetid},
                       {"interface", entry.interface},
                       {"device", entry.ib_device},
                       {"port", entry.ib_port}});
  auto sockets = Json::array();
  for (const SmcSocket& socket : status.sockets) sockets.push_back(socket_json(socket));
  auto missing = Json::array();
  for (const Error& error : status.missing) missing.push_back(error.text());
  const TrafficStats& traffic = status.traffic;
  auto program_switch = Json::object();
  if (status.program_switch)
    program_switch = {{"kind", switch_name(status.program_switch->kind)},
                      {"on", status.program_switch->on}};
  const Json json = {{"switch", program_switch},
                     {"devices", devices_json(status.devices)},
                     {"pnetids", pnetids},
                     {"ueids", status.ueids},
                     {"connections",
                      {{"clientV1", traffic.client_v1},
                       {"clientV2", traffic.client_v2},
                       {"serverV1", traffic.server_v1},
                       {"serverV2", traffic.server_v2},
                       {"receivedBytes", traffic.received_bytes},
                       {"sentBytes", traffic.sent_bytes}}},
                     {"fallbacks", fallbacks_json(status.fallbacks)},
                     {"sockets", sockets},
                     {"missing", missing}};
  // Names come from outside and need not be UTF-8.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace smc::node
