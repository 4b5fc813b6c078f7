// The checks of a pod's network namespace.
#include <algorithm>
#include <cstdlib>
#include <utility>

#include <linux/capability.h>

#include "node-init/diagnosis/checks.h"
#include "node-init/diagnosis/kernel_checks.h"
#include "node-init/diagnosis/rdma_checks.h"
#include "node-init/kernel/fallback_codes.h"
#include "node-init/kernel/first_namespace.h"
#include "node-init/kernel/network_choice.h"
#include "node-init/kernel/pnet_table.h"
#include "node-init/kernel/smc_sockets.h"
#include "node-init/kernel/smc_stats.h"

namespace smc::node {
namespace {

constexpr const char* kPodHint =
    "run 'smc-node-init pod' in this namespace, as the webhook's init "
    "container does";

CheckResult failed(std::string name, const Error& error) {
  return fail(std::move(name), error.text(),
              error.hint.empty() ? "look at the kernel's log on the node" : error.hint);
}

// The interface that `pod` would choose.
Result<Link> chosen_link(System& system, const CheckOptions& options) {
  const auto all = links(system);
  if (!all) return all.error();
  const auto route = default_route_interface(system);
  if (!route) return route.error();
  const auto choice = choose_interface(options.interface, *all, *route);
  if (!choice) return choice.error();
  return choice->link;
}

CheckResult check_namespace(System& system, const CheckOptions&) {
  const auto is_nodes = in_first_net_namespace(system);
  if (!is_nodes) return failed("namespace", is_nodes.error());
  if (!*is_nodes) return pass("namespace", "a network namespace of its own");
  return warn("namespace", "this is the node's own network namespace",
              "to check a pod, run it inside: kubectl exec or kubectl debug");
}

// CapEff of /proc/self/status has the bit of CAP_NET_ADMIN, in the first user namespace.
CheckResult check_privilege(System& system, const CheckOptions&) {
  const std::string hint = "only the init container needs it: there, run privileged";
  const auto map = system.read_file("/proc/self/uid_map");
  if (map && map->find("4294967295") == std::string::npos)
    return warn("privilege", "this container runs in a user namespace: it cannot set a pnetid",
                hint);
  const auto status = system.read_file("/proc/self/status");
  if (!status) return warn("privilege", status.error().text(), "mount /proc in this container");
  const auto line = status->find("CapEff:");
  const auto effective =
      line == std::string::npos ? 0 : std::strtoull(status->c_str() + line + 7, nullptr, 16);
  if ((effective >> CAP_NET_ADMIN & 1) == 0)
    return warn("privilege", "no CAP_NET_ADMIN: this container cannot set a pnetid", hint);
  return pass("privilege", "CAP_NET_ADMIN in the node's user namespace");
}

CheckResult check_socket_list(System& system, const CheckOptions&) {
  if (!smc_is_loaded(system)) return blocked("socket list", "smc");
  const auto sockets = smc_sockets(system);
  if (!sockets)
    return warn("socket list", sockets.error().text(),
                "without smc_diag no connection can be judged: load that module on the node");
  return pass("socket list", std::to_string(sockets->size()) + " SMC sockets");
}

CheckResult check_device_pnetid(System& system, const CheckOptions&) {
  if (!smc_is_loaded(system)) return blocked("device pnetid", "smc");
  const auto devices = smc_devices(system);
  if (!devices) return failed("device pnetid", devices.error());
  if (devices->empty()) return blocked("device pnetid", "rdma device");
  if (!active_pnetids(*devices).empty()) return pass("device pnetid", describe_ports(*devices));
  return fail("device pnetid",
              "no active port has a pnetid; SMC's ports: " + describe_ports(*devices),
              "run smc-node-agent on the node: it gives the device its pnetid");
}

CheckResult check_interface(System& system, const CheckOptions& options) {
  const auto link = chosen_link(system, options);
  if (!link) return failed("interface", link.error());
  const auto addresses = ipv4_addresses(system);
  if (!addresses) return failed("interface", addresses.error());
  const auto own = std::find_if(addresses->begin(), addresses->end(),
                                [&](const Ipv4Address& a) { return a.ifindex == link->index; });
  if (own == addresses->end())
    return fail("interface", link->name + " has no IPv4 address", "SMC carries IPv4 alone");
  if (const std::string doubt = interface_doubt(*link); !doubt.empty())
    return warn("interface", doubt, kLowerDeviceHint);
  return pass("interface", link->name + " with " + own->address);
}

CheckResult check_pnetid(System& system, const CheckOptions& options) {
  if (!smc_is_loaded(system)) return blocked("pnetid", "smc");
  const auto link = chosen_link(system, options);
  if (!link) return blocked("pnetid", "interface");
  const auto table = read_pnet_table(system);
  if (!table) return failed("pnetid", table.error());
  const auto found = std::find_if(table->begin(), table->end(), [&](const PnetEntry& entry) {
    return entry.interface == link->name;
  });
  if (found == table->end())
    return fail("pnetid", link->name + " has no pnetid: every connection falls back to TCP",
                kPodHint);
  const auto devices = smc_devices(system);
  if (!devices) return failed("pnetid", devices.error());
  const auto port = active_port(found->pnetid, *devices, {});
  if (!port)
    return fail("pnetid",
                link->name + " has pnetid " + found->pnetid +
                    ", which no active RDMA port has; SMC's ports: " + describe_ports(*devices),
                kPodHint);
  return pass("pnetid", link->name + " and " + port->device + " have pnetid " + found->pnetid);
}

CheckResult check_fallbacks(System& system, const CheckOptions&) {
  if (!smc_is_loaded(system)) return blocked("fallbacks", "smc");
  const auto stats = fallback_stats(system);
  if (!stats) return warn("fallbacks", stats.error().text(), "the kernel is too old to count them");
  const auto total = stats->client_total + stats->server_total;
  if (total == 0) return pass("fallbacks", "none since this namespace was made");
  const auto weight = [](const FallbackReason& reason) {
    return std::pair(reason.code != kPeerDeclined, reason.count);
  };
  const auto most = std::max_element(
      stats->reasons.begin(), stats->reasons.end(),
      [&](const FallbackReason& a, const FallbackReason& b) { return weight(a) < weight(b); });
  const std::string count = std::to_string(total) + " connections fell back to TCP";
  const FallbackCode* code =
      most == stats->reasons.end() ? nullptr : find_fallback_code(most->code);
  if (code == nullptr) return warn("fallbacks", count, "smc-node-init status");
  std::string hint(code->hint);
  if (const auto limits = handshake_limits(system); code->code == kPeerNoSmc && !limits.empty())
    hint += "; or it was this end: " + limits;
  return warn("fallbacks", count + ", most for " + describe_fallback(code->code), hint);
}

}  // namespace

const std::vector<CheckFunction>& namespace_checks() {
  static const std::vector<CheckFunction> kChecks = {
      check_namespace,     check_privilege,    check_kernel_fixes, check_smc,
      check_socket_list,   check_rdma_devices, check_gids,         check_queue_pairs,
      check_device_pnetid, check_interface,    check_pnetid,       check_ueid,
      check_switch,        check_handshake,    check_fallbacks};
  return kChecks;
}

}  // namespace smc::node
