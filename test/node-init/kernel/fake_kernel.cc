// The netlink side of FakeSystem: reads requests and writes answers byte by byte.
#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <linux/smc.h>
#include <linux/sock_diag.h>
#include <rdma/rdma_netlink.h>

#include "test/node-init/kernel/fake_messages.h"
#include "test/node-init/kernel/fake_system.h"
#include "test/node-init/kernel/netlink_bytes.h"

namespace smc::node::test {
namespace {

constexpr std::uint16_t kPnetFamily = 0x21;

template <class T>
T at(const std::string& bytes, std::size_t offset) {
  T value{};
  if (offset + sizeof value <= bytes.size())
    std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

// The attributes of a request by type.
std::map<int, std::string> attributes_of(const std::string& request, std::size_t fixed) {
  std::map<int, std::string> found;
  std::size_t offset = NLMSG_HDRLEN + NLMSG_ALIGN(fixed);
  while (offset + sizeof(nlattr) <= request.size()) {
    const auto header = at<nlattr>(request, offset);
    if (header.nla_len < sizeof header) break;
    found[header.nla_type & NLA_TYPE_MASK] =
        request.substr(offset + sizeof header, header.nla_len - sizeof header);
    offset += NLA_ALIGN(header.nla_len);
  }
  return found;
}

std::string text_of(const std::map<int, std::string>& attributes, int type) {
  const auto found = attributes.find(type);
  // to its end, or the zero that ends it sooner
  return found == attributes.end() ? "" : found->second.substr(0, found->second.find('\0'));
}

std::uint8_t command_of(const std::string& request) {
  return at<genlmsghdr>(request, NLMSG_HDRLEN).cmd;
}

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

std::string place(const PnetEntry& entry) {
  return entry.interface.empty() ? entry.ib_device + "/" + std::to_string(entry.ib_port)
                                 : entry.interface;
}

template <class Range, class Function>
std::string each(const Range& range, Function message_of) {
  std::string all;
  for (const auto& item : range) all += message_of(item);
  return all;
}

}  // namespace

std::vector<std::string> FakeSystem::answer(int protocol, const std::string& message) {
  switch (protocol) {
    case NETLINK_GENERIC:
      switch (at<nlmsghdr>(message, 0).nlmsg_type) {
        case GENL_ID_CTRL:
          return control_request(message);
        case kPnetFamily:
          return pnet_request(message);
        case kSmcFamily:
          return smc_request(message);
        default:
          return {ack(ENOENT)};
      }
    case NETLINK_ROUTE:
      return route_request(message);
    case NETLINK_RDMA:
      return rdma_request(message);
    case NETLINK_SOCK_DIAG:
      return diag_request(message);
    default:
      return {ack(EPROTONOSUPPORT)};
  }
}

std::vector<std::string> FakeSystem::dump(const std::string& text,
                                          const std::function<std::string()>& messages) {
  const auto fault = note(text, false);
  if (fault && !fault->datagrams.empty()) return fault->datagrams;
  if (fault) return {ack(fault->code)};
  return {messages() + done()};
}

std::vector<std::string> FakeSystem::change(const std::string& text,
                                            const std::function<int()>& apply) {
  const auto fault = note(text, true);
  if (fault && !fault->datagrams.empty()) return fault->datagrams;
  const int code = fault ? fault->code : apply();
  if (code != 0) note_failure(code);
  return {ack(code)};
}

std::vector<std::string> FakeSystem::control_request(const std::string& request) {
  const auto family_message = [](std::uint16_t id, const std::string& name) {
    return generic(
        GENL_ID_CTRL, CTRL_CMD_NEWFAMILY,
        u16_attribute(CTRL_ATTR_FAMILY_ID, id) + text_attribute(CTRL_ATTR_FAMILY_NAME, name));
  };
  const std::string all = family_message(kPnetFamily, SMCR_GENL_FAMILY_NAME) +
                          family_message(kSmcFamily, SMC_GENL_FAMILY_NAME);
  if ((at<nlmsghdr>(request, 0).nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP)
    return dump("CTRL GETFAMILY all",
                [&] { return family_message(GENL_ID_CTRL, "nlctrl") + (smc_loaded ? all : ""); });
  const std::string name = text_of(attributes_of(request, GENL_HDRLEN), CTRL_ATTR_FAMILY_NAME);
  const auto fault = note("CTRL GETFAMILY " + name, false);
  if (fault && !fault->datagrams.empty()) return fault->datagrams;
  if (fault) return {ack(fault->code)};
  const bool known = name == SMCR_GENL_FAMILY_NAME || name == SMC_GENL_FAMILY_NAME;
  if (!known || !(smc_available || smc_loaded)) return {ack(ENOENT)};
  smc_loaded = true;
  const std::uint16_t id = name == SMC_GENL_FAMILY_NAME ? kSmcFamily : kPnetFamily;
  return {family_message(id, name), ack()};
}

std::vector<std::string> FakeSystem::pnet_request(const std::string& request) {
  const auto attributes = attributes_of(request, GENL_HDRLEN);
  PnetEntry entry;
  entry.pnetid = upper(text_of(attributes, SMC_PNETID_NAME));
  entry.interface = text_of(attributes, SMC_PNETID_ETHNAME);
  entry.ib_device = text_of(attributes, SMC_PNETID_IBNAME);
  const auto port = attributes.find(SMC_PNETID_IBPORT);
  entry.ib_port = port == attributes.end() ? 0 : static_cast<unsigned char>(port->second[0]);
  switch (command_of(request)) {
    case SMC_PNETID_ADD:
      return change("SMC_PNETID ADD " + place(entry) + "=" + entry.pnetid,
                    [&] { return pnet_add(entry); });
    case SMC_PNETID_DEL:
      return change("SMC_PNETID DEL " + entry.pnetid, [&] { return pnet_del(entry.pnetid); });
    default:
      return dump("SMC_PNETID GET", [&] {
        return each(here().pnet_table, [](const PnetEntry& row) {
          return generic(
              kPnetFamily, SMC_PNETID_GET,
              text_attribute(SMC_PNETID_NAME, row.pnetid) +
                  text_attribute(SMC_PNETID_ETHNAME,
                                 row.interface.empty() ? "n/a" : row.interface) +
                  text_attribute(SMC_PNETID_IBNAME, row.ib_device.empty() ? "n/a" : row.ib_device) +
                  u8_attribute(SMC_PNETID_IBPORT, row.ib_device.empty()
                                                      ? std::uint8_t{255}
                                                      : static_cast<std::uint8_t>(row.ib_port)));
        });
      });
  }
}

int FakeSystem::pnet_add(const PnetEntry& entry) {
  if (entry.pnetid.empty() || entry.pnetid.size() > 16) return EINVAL;
  const bool is_node = current_ == "node";
  auto& table = here().pnet_table;
  const auto taken = [&](auto member, const std::string& name) {
    return std::any_of(table.begin(), table.end(),
                       [&](const PnetEntry& row) { return row.*member == name; });
  };
  bool stored = false;
  if (!entry.interface.empty() && !taken(&PnetEntry::interface, entry.interface)) {
    table.push_back({entry.pnetid, entry.interface, {}, 0});
    stored = true;
  }
  // The half for the RDMA device counts in the first namespace alone.
  if (is_node && !entry.ib_device.empty()) {
    for (SmcDevice& device : devices)
      for (SmcPort& port : device.ports)
        if (device.name == entry.ib_device && port.number == entry.ib_port) {
          if (!port.pnetid.empty()) return stored ? 0 : EEXIST;
          port.pnetid = entry.pnetid;
          port.pnetid_by_user = true;
        }
    if (!taken(&PnetEntry::ib_device, entry.ib_device)) {
      table.push_back({entry.pnetid, {}, entry.ib_device, entry.ib_port});
      stored = true;
    }
  }
  return stored ? 0 : EEXIST;
}

int FakeSystem::pnet_del(const std::string& pnetid) {
  auto& table = here().pnet_table;
  int code = ENOENT;
  if (std::erase_if(table, [&](const PnetEntry& row) { return row.pnetid == pnetid; }) > 0)
    code = 0;
  if (current_ != "node") return code;
  for (SmcDevice& device : devices)
    for (SmcPort& port : device.ports)
      if (port.pnetid_by_user && port.pnetid == pnetid) {
        port.pnetid.clear();
        port.pnetid_by_user = false;
        code = 0;
      }
  return code;
}

std::vector<std::string> FakeSystem::smc_request(const std::string& request) {
  const std::uint8_t command = command_of(request);
  const auto attributes = attributes_of(request, GENL_HDRLEN);
  switch (command) {
    case SMC_NETLINK_GET_DEV_SMCR:
      return dump("SMC GET_DEV_SMCR", [&] { return each(devices, device_message); });
    case SMC_NETLINK_GET_STATS:
      return dump("SMC GET_STATS", [&] { return traffic_message(here().traffic); });
    case SMC_NETLINK_GET_FBACK_STATS:
      return dump("SMC GET_FBACK_STATS", [&] { return fallback_messages(here().fallbacks); });
    case SMC_NETLINK_DUMP_UEID:
      return dump("SMC DUMP_UEID", [&] {
        return each(ueids, [](std::string ueid) {
          ueid.resize(SMC_MAX_EID_LEN, ' ');
          return generic(kSmcFamily, SMC_NETLINK_DUMP_UEID,
                         text_attribute(SMC_NLA_EID_TABLE_ENTRY, ueid));
        });
      });
    case SMC_NETLINK_ADD_UEID:
    case SMC_NETLINK_REMOVE_UEID: {
      const auto found = attributes.find(SMC_NLA_EID_TABLE_ENTRY);
      const std::string ueid = found == attributes.end() ? "" : found->second;
      const std::string verb = command == SMC_NETLINK_ADD_UEID ? "ADD_UEID " : "REMOVE_UEID ";
      return change("SMC " + verb + ueid.substr(0, ueid.find(' ')),
                    [&] { return ueid_change(command, ueid); });
    }
    default:
      return {ack(EOPNOTSUPP)};
  }
}

int FakeSystem::ueid_change(int command, const std::string& padded) {
  if (padded.size() != SMC_MAX_EID_LEN + 1) return EINVAL;
  const std::string ueid = padded.substr(0, padded.find(' '));
  const auto found = std::find(ueids.begin(), ueids.end(), ueid);
  if (command == SMC_NETLINK_REMOVE_UEID) {
    if (found == ueids.end()) return ENOENT;
    ueids.erase(found);
    return 0;
  }
  if (ueids.size() >= SMC_MAX_UEID) return ERANGE;
  if (found != ueids.end()) return EEXIST;
  ueids.push_back(ueid);
  return 0;
}

std::vector<std::string> FakeSystem::route_request(const std::string& request) {
  FakeNamespace& space = here();
  switch (at<nlmsghdr>(request, 0).nlmsg_type) {
    case RTM_GETLINK:
      return dump("ROUTE GETLINK", [&] { return each(space.links, link_message); });
    case RTM_GETADDR:
      return dump("ROUTE GETADDR", [&] { return each(space.addresses, address_message); });
    case RTM_GETROUTE:
      return dump("ROUTE GETROUTE", [&] {
        return space.default_route ? default_route_message(*space.default_route) : std::string();
      });
    case RTM_NEWLINK: {
      const int index = at<ifinfomsg>(request, NLMSG_HDRLEN).ifi_index;
      return change("ROUTE up " + std::to_string(index), [&] {
        for (Link& link : space.links)
          if (link.index == index) {
            link.up = true;
            return 0;
          }
        return ENODEV;
      });
    }
    case RTM_NEWADDR: {
      const auto head = at<ifaddrmsg>(request, NLMSG_HDRLEN);
      const auto local = attributes_of(request, sizeof head)[IFA_LOCAL];
      char text[INET_ADDRSTRLEN] = "";
      if (local.size() == sizeof(in_addr)) ::inet_ntop(AF_INET, local.data(), text, sizeof text);
      return change(
          "ROUTE address " + std::string(text) + "/" + std::to_string(head.ifa_prefixlen), [&] {
            space.addresses.push_back({static_cast<int>(head.ifa_index), text, head.ifa_prefixlen});
            return 0;
          });
    }
    default:
      return {ack(EOPNOTSUPP)};
  }
}

std::vector<std::string> FakeSystem::rdma_request(const std::string& request) {
  const int command = at<nlmsghdr>(request, 0).nlmsg_type & 0x3ff;
  const auto attributes = attributes_of(request, 0);
  switch (command) {
    case RDMA_NLDEV_CMD_GET:
      return dump("RDMA GET", [&] {
        std::string all;
        for (std::size_t i = 0; i < rdma.size(); ++i)
          all += rdma_device_message(static_cast<std::uint32_t>(i), rdma[i]);
        return all;
      });
    case RDMA_NLDEV_CMD_PORT_GET: {
      const auto index = at<std::uint32_t>(attributes.at(RDMA_NLDEV_ATTR_DEV_INDEX), 0);
      // Looked up before the answer is made: a device may go away just then.
      const auto fault = note("RDMA PORT_GET " + std::to_string(index), false);
      if (fault && !fault->datagrams.empty()) return fault->datagrams;
      if (fault) return {ack(fault->code)};
      if (index >= rdma.size()) return {ack(EINVAL)};
      return {each(rdma[index].ports, rdma_port_message) + done()};
    }
    case RDMA_NLDEV_CMD_RES_GET:
      return dump("RDMA RES_GET", [&] {
        return each(rdma, [&](const RdmaDevice& device) {
          return rdma_resources_message(device.name, queue_pairs[device.name]);
        });
      });
    case RDMA_NLDEV_CMD_SYS_GET: {
      const auto fault = note("RDMA SYS_GET", false);
      if (fault && !fault->datagrams.empty()) return fault->datagrams;
      if (fault) return {ack(fault->code)};
      return {message(RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, RDMA_NLDEV_CMD_SYS_GET),
                      u8_attribute(RDMA_NLDEV_SYS_ATTR_NETNS_MODE, rdma_shared ? 1 : 0)) +
              ack()};
    }
    default:
      return {ack(EOPNOTSUPP)};
  }
}

std::vector<std::string> FakeSystem::diag_request(const std::string&) {
  return dump("DIAG", [&] { return each(here().sockets, socket_message); });
}

}  // namespace smc::node::test
