#include "node-init/pod/smc_connection_check.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>

#include "node-init/kernel/fallback_codes.h"
#include "node-init/kernel/pnet_table.h"
#include "node-init/kernel/smc_sockets.h"

namespace smc::node {
namespace {

// The address on `lo`, and the pnetid at `lo`, of the namespace made for the test.
Result<void> prepare(System& system, const Ipv4Address& address, const std::string& pnetid) {
  const auto all = links(system);
  if (!all) return all.error();
  const auto loopback = link_named(*all, "lo");
  if (!loopback) return Error{"find lo in a new network namespace", ENODEV, {}};
  if (auto up = set_link_up(system, loopback->index); !up) return up.error();
  const Ipv4Address here{loopback->index, address.address, address.prefix_length};
  if (auto added = add_ipv4_address(system, here); !added) return added.error();
  return add_pnet_entry(system, {pnetid, "lo", {}, 0});
}

std::optional<SmcSocket> find(const std::vector<SmcSocket>& sockets, std::uint64_t inode) {
  const auto found = std::find_if(sockets.begin(), sockets.end(),
                                  [&](const SmcSocket& socket) { return socket.inode == inode; });
  if (found == sockets.end()) return std::nullopt;
  return *found;
}

bool is_smcr(const SmcSocket& socket) {
  return socket.state == SocketState::kActive && socket.mode == SocketMode::kSmcR;
}

Result<SelfTestResult> judge(const SmcPair& pair, const std::vector<SmcSocket>& sockets) {
  const auto client = find(sockets, pair.client_inode());
  const auto server = find(sockets, pair.server_inode());
  if (!client || !server)
    return Error{"find the self-test's own sockets among those of sock_diag", ENOENT,
                 "the kernel's list of SMC sockets is not complete: load the module smc_diag"};
  SelfTestResult result;
  result.is_smcr = is_smcr(*client) && is_smcr(*server);
  result.device = client->device;
  if (result.is_smcr) return result;
  result.local_code = client->fallback_reason;
  result.peer_code = client->peer_diagnosis != 0 ? client->peer_diagnosis : server->fallback_reason;
  const bool peer_tells = result.local_code == kPeerDeclined || result.local_code == 0;
  result.telling_code = peer_tells ? result.peer_code : result.local_code;
  return result;
}

bool is_reset(int code) {
  return code == ECONNRESET || code == ECONNABORTED || code == EPIPE;
}

// Notes in `was_reset` that the first connection was reset.
Result<std::unique_ptr<SmcPair>> connect(System& system, const std::string& address,
                                         bool& was_reset) {
  const auto deadline = system.now() + kSelfTestTimeout;
  auto pair = system.connect_smc_pair(address, kSelfTestTimeout);
  if (pair || !is_reset(pair.error().code)) return pair;
  was_reset = true;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - system.now());
  return system.connect_smc_pair(address, left);
}

}  // namespace

Result<SelfTestResult> run_self_test(System& system, const Ipv4Address& address,
                                     const std::string& pnetid) {
  SelfTestResult result;
  const auto start = system.now();
  const auto body = [&]() -> Result<void> {
    if (auto prepared = prepare(system, address, pnetid); !prepared) return prepared;
    bool was_reset = false;
    const auto pair = connect(system, address.address, was_reset);
    if (!pair) {
      result.failure = pair.error();
      return {};
    }
    const auto sockets = smc_sockets(system);
    if (!sockets) return sockets.error();
    const auto judged = judge(**pair, *sockets);
    if (!judged) return judged.error();
    result = *judged;
    result.was_reset = was_reset;
    return {};
  };
  if (auto done = system.in_new_net_namespace(body); !done) return done.error();
  result.took = std::chrono::duration_cast<std::chrono::milliseconds>(system.now() - start);
  return result;
}

}  // namespace smc::node
