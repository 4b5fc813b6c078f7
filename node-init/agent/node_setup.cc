#include "node-init/agent/node_setup.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <optional>

#include "node-init/kernel/ueid.h"

namespace smc::node {
namespace {

std::string port_text(const std::string& device, int port) {
  return device + " port " + std::to_string(port);
}

PnetEntry entry_of(const OwnPnetid& own) {
  return {own.pnetid, {}, own.device, own.port};
}

bool has_device(const NodeTables& tables, const std::string& name) {
  return std::ranges::any_of(tables.devices,
                             [&](const SmcDevice& device) { return device.name == name; });
}

const Link* link_of(const NodeTables& tables, int index) {
  const auto found = std::ranges::find(tables.links, index, &Link::index);
  return index == 0 || found == tables.links.end() ? nullptr : &*found;
}

// "02:00:00:00:00:0a" as "02000000000A", the convention of eRDMA's own tools. Empty for an address
// that tells nothing, such as that of `lo`.
std::string pnetid_of_mac(const std::string& mac) {
  std::string pnetid;
  for (const char c : mac)
    if (c != ':') pnetid += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  const bool all_zero = pnetid.find_first_not_of('0') == std::string::npos;
  return all_zero || !normal_pnetid(pnetid) ? "" : pnetid;
}

Owner owner_of(const PortState& port, bool in_table, const OwnRecord& record) {
  if (!in_table) return port.pnetid.empty() ? Owner::kNobody : Owner::kHardware;
  return record.owns_pnetid({port.device, port.port, port.pnetid}) ? Owner::kAgent : Owner::kOther;
}

PortState state_of(const NodeTables& tables, const OwnRecord& record, const SmcDevice& device,
                   const SmcPort& port) {
  PortState state;
  state.device = device.name;
  state.port = port.number;
  state.active = port.active;
  state.ifindex = port.ifindex;
  if (const Link* link = link_of(tables, port.ifindex)) state.interface = link->name;
  const auto entry = std::ranges::find_if(tables.pnetids, [&](const PnetEntry& candidate) {
    return candidate.ib_device == device.name && candidate.ib_port == port.number;
  });
  const bool in_table = entry != tables.pnetids.end();
  state.pnetid = in_table ? entry->pnetid : port.pnetid;
  state.owner = owner_of(state, in_table, record);
  return state;
}

CheckResult pnetid_check(Verdict verdict, const PortState& port, const std::string& text,
                         const std::string& hint = {}) {
  return {"device pnetid", verdict, port_text(port.device, port.port) + ": " + text, hint};
}

SetupStep set_pnetid_step(const PortState& port, const std::string& wanted,
                          const OwnRecord& record) {
  SetupStep step;
  step.kind = SetupStep::Kind::kSetPnetid;
  step.pnetid = {port.device, port.port, wanted};
  step.repair = record.owns_pnetid(step.pnetid);
  step.text = "pnetid " + wanted + " for " + port_text(port.device, port.port);
  if (!port.pnetid.empty()) step.text += " in place of " + port.pnetid;
  return step;
}

// A port that has another pnetid than the wanted one.
void plan_foreign_pnetid(SetupPlan& plan, const PortState& port, const std::string& wanted,
                         const SetupConfig& config, const OwnRecord& record) {
  if (port.owner == Owner::kHardware) {
    plan.checks.push_back(
        pnetid_check(Verdict::kPass, port, "has " + port.pnetid + " of its own, which stays"));
    return;
  }
  if (port.owner == Owner::kAgent || config.take_over) {
    plan.steps.push_back(set_pnetid_step(port, wanted, record));
    plan.checks.push_back(pnetid_check(Verdict::kWarn, port, port.pnetid + ", not yet " + wanted,
                                       "smc-node-agent run sets it"));
    return;
  }
  plan.checks.push_back(pnetid_check(Verdict::kPass, port,
                                     "adopted " + port.pnetid + ", which another program set up"));
}

void plan_port(SetupPlan& plan, const NodeTables& tables, const OwnRecord& record,
               const SetupConfig& config, const PortState& port, const SmcPort& smc_port) {
  std::string wanted = config.pnetid;
  if (wanted.empty())
    if (const Link* link = link_of(tables, smc_port.ifindex)) wanted = pnetid_of_mac(link->mac);

  if (port.pnetid.empty() && wanted.empty()) {
    const std::string which = port.interface.empty() ? "no interface in this network namespace"
                                                     : port.interface + " has no MAC address";
    plan.checks.push_back(pnetid_check(Verdict::kFail, port, "no pnetid, and " + which,
                                       "name a pnetid with --pnetid"));
  } else if (port.pnetid.empty()) {
    plan.steps.push_back(set_pnetid_step(port, wanted, record));
    plan.checks.push_back(
        pnetid_check(Verdict::kWarn, port, "no pnetid yet", "smc-node-agent run sets " + wanted));
  } else if (port.pnetid == wanted || wanted.empty()) {
    plan.checks.push_back(pnetid_check(
        Verdict::kPass, port,
        port.pnetid + (port.owner == Owner::kOther ? ", which another program set up" : "")));
  } else {
    plan_foreign_pnetid(plan, port, wanted, config, record);
  }
}

bool contains(const std::vector<std::string>& all, const std::string& one) {
  return std::ranges::find(all, one) != all.end();
}

void plan_ueids(SetupPlan& plan, const NodeTables& tables, const OwnRecord& record,
                const SetupConfig& config) {
  std::size_t left = tables.ueids.size();
  for (const std::string& ueid : tables.ueids) {
    const bool own = record.owns_ueid(ueid);
    plan.ueids.push_back({ueid, own ? Owner::kAgent : Owner::kOther});
    if (!own || ueid == config.ueid) continue;
    plan.steps.push_back({SetupStep::Kind::kRemoveUeid,
                          {},
                          ueid,
                          false,
                          "UEID " + ueid + ", which is no longer wanted"});
    --left;
  }
  const auto found = [&](Verdict verdict, const std::string& text, const std::string& hint = {}) {
    plan.checks.push_back({"ueid", verdict, text, hint});
  };
  if (config.ueid.empty()) return;
  if (!tables.has_ueids) {
    found(Verdict::kWarn, "this kernel's SMC has none, so SMC-R v1 only",
          "leave --ueid away on this node");
  } else if (contains(tables.ueids, config.ueid)) {
    found(Verdict::kPass, config.ueid);
  } else if (left >= kMaxUeids) {
    found(Verdict::kFail, "the node's table of 4 is full and lacks " + config.ueid,
          "choose one of those that are there with --ueid, or remove one of another program");
  } else {
    plan.steps.push_back({SetupStep::Kind::kAddUeid,
                          {},
                          config.ueid,
                          record.owns_ueid(config.ueid),
                          "UEID " + config.ueid});
    found(Verdict::kWarn, config.ueid + " is not there yet", "smc-node-agent run adds it");
  }
}

Result<void> set_pnetid(System& system, const OwnRecordFile& file, OwnRecord& record,
                        const OwnPnetid& wanted) {
  record.add_pnetid(wanted);
  if (auto saved = file.save(record); !saved) return saved;
  const auto set = ensure_pnet_entry(system, entry_of(wanted));
  if (!set) return set.error();
  record.settle_pnetid(wanted);
  return file.save(record);
}

Result<void> change_ueid(System& system, const OwnRecordFile& file, OwnRecord& record,
                         const SetupStep& step) {
  if (step.kind == SetupStep::Kind::kAddUeid) {
    if (!record.owns_ueid(step.ueid)) record.ueids.push_back(step.ueid);
    if (auto saved = file.save(record); !saved) return saved;
    const auto added = add_ueid(system, step.ueid);
    if (!added) return added.error();
    return {};
  }
  const auto removed = remove_ueid(system, step.ueid);
  if (!removed) return removed.error();
  std::erase(record.ueids, step.ueid);
  return file.save(record);
}

}  // namespace

std::string_view owner_name(Owner owner) {
  switch (owner) {
    case Owner::kNobody:
      return "nobody";
    case Owner::kAgent:
      return "agent";
    case Owner::kOther:
      return "other";
    case Owner::kHardware:
      return "hardware";
  }
  return "?";
}

Result<NodeTables> read_node_tables(System& system) {
  NodeTables tables;
  auto devices = smc_devices(system);
  if (!devices) return devices.error();
  tables.devices = std::move(*devices);
  auto pnetids = read_pnet_table(system);
  if (!pnetids) return pnetids.error();
  tables.pnetids = std::move(*pnetids);
  auto ueids = read_ueids(system);
  tables.has_ueids = ueids || ueids.error().code != EOPNOTSUPP;
  if (!ueids && tables.has_ueids) return ueids.error();
  if (ueids) tables.ueids = std::move(*ueids);
  auto all_links = links(system);
  if (!all_links) return all_links.error();
  tables.links = std::move(*all_links);
  return tables;
}

SetupPlan plan_setup(const NodeTables& tables, const OwnRecord& record, const SetupConfig& config) {
  SetupPlan plan;
  for (const SmcDevice& device : tables.devices) {
    if (!config.devices.empty() && !contains(config.devices, device.name)) continue;
    for (const SmcPort& port : device.ports) {
      plan.ports.push_back(state_of(tables, record, device, port));
      plan_port(plan, tables, record, config, plan.ports.back(), port);
    }
  }
  for (const std::string& name : config.devices)
    if (!has_device(tables, name))
      plan.checks.push_back({"rdma device", Verdict::kFail, name + ": SMC has no such device",
                             "correct --device, or load the device's driver"});
  plan_ueids(plan, tables, record, config);
  return plan;
}

Result<void> apply_step(System& system, const OwnRecordFile& file, OwnRecord& record,
                        const SetupStep& step) {
  if (step.kind == SetupStep::Kind::kSetPnetid)
    return set_pnetid(system, file, record, step.pnetid);
  return change_ueid(system, file, record, step);
}

Result<void> remove_own_setup(System& system, const OwnRecordFile& file, OwnRecord& record,
                              std::vector<std::string>& removed) {
  std::optional<Error> first;
  // What the kernel refuses to remove stays in the record.
  const auto is_gone = [&](const Result<bool>& done, const std::string& what) {
    if (!done && !first) first = done.error();
    if (done && *done) removed.push_back(what);
    return done.ok();
  };
  std::erase_if(record.pnetids, [&](const OwnPnetid& own) {
    return is_gone(remove_pnet_entry(system, entry_of(own)),
                   "pnetid " + own.pnetid + " of " + port_text(own.device, own.port));
  });
  std::erase_if(record.ueids, [&](const std::string& ueid) {
    return is_gone(remove_ueid(system, ueid), "UEID " + ueid);
  });
  if (auto saved = file.save(record); !saved && !first) first = saved.error();
  if (first) return *first;
  return {};
}

}  // namespace smc::node
