// smc-look: what the kernel's SMC tables hold, read by other code than the one under test; and the
// hand that changes them behind its back. Tables come out as one JSON value.
//
//   smc-look pnets | ueids | devices | sockets | fallbacks | handshakes | bytes
//   smc-look pnet-add NAME ETH|- [IB PORT] | pnet-del NAME | ueid-add EID | ueid-del EID
//
// Attribute numbers: linux/smc.h and linux/smc_diag.h. Exits 1 with the errno when the kernel
// refused.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/smc.h>
#include <linux/smc_diag.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include "base/fd.h"

namespace smc::e2e {
namespace {

constexpr uint8_t kAfSmc = 43;
constexpr uint8_t kPnetVersion = 1;
constexpr size_t kBuffer = 65536;  // above the 32 KiB of a netlink dump's largest part

using Bytes = std::vector<uint8_t>;
using Attributes =
    std::map<uint16_t, Bytes>;  // the last of a kind wins; the tables read here repeat none

[[noreturn]] void fail(const std::string& what, int error) {
  std::fprintf(stderr, "%s: %s\n", what.c_str(), std::strerror(error));
  std::exit(1);
}

template <class T>
void append(Bytes& bytes, const T& value) {
  const auto* raw = reinterpret_cast<const uint8_t*>(&value);
  bytes.insert(bytes.end(), raw, raw + sizeof(T));
  bytes.resize((bytes.size() + 3) & ~size_t{3});
}

void append_attribute(Bytes& bytes, uint16_t type, const Bytes& value) {
  append(bytes, nlattr{static_cast<uint16_t>(NLA_HDRLEN + value.size()), type});
  bytes.insert(bytes.end(), value.begin(), value.end());
  bytes.resize((bytes.size() + 3) & ~size_t{3});
}

Bytes text(std::string_view value) {
  Bytes bytes(value.begin(), value.end());
  bytes.push_back(0);
  return bytes;
}

Attributes parse(const uint8_t* data, size_t size) {
  Attributes found;
  while (size >= NLA_HDRLEN) {
    nlattr head{};
    std::memcpy(&head, data, sizeof(head));
    if (head.nla_len < NLA_HDRLEN || head.nla_len > size) break;
    found[head.nla_type & NLA_TYPE_MASK] = Bytes(data + NLA_HDRLEN, data + head.nla_len);
    const size_t step = std::min(size, static_cast<size_t>(NLA_ALIGN(head.nla_len)));
    data += step;
    size -= step;
  }
  return found;
}

Attributes nested(const Attributes& attributes, uint16_t type) {
  const auto found = attributes.find(type);
  return found == attributes.end() ? Attributes{}
                                   : parse(found->second.data(), found->second.size());
}

uint64_t number(const Attributes& attributes, uint16_t type) {
  uint64_t value = 0;
  const auto found = attributes.find(type);
  if (found != attributes.end()) {
    std::memcpy(&value, found->second.data(), std::min(found->second.size(), sizeof(value)));
  }
  return value;
}

// Without the NUL, or the spaces, that the kernel pads with. Names here need no JSON escaping.
std::string name(const Attributes& attributes, uint16_t type) {
  const auto found = attributes.find(type);
  if (found == attributes.end()) return {};
  std::string value(found->second.begin(), found->second.end());
  value.erase(std::find(value.begin(), value.end(), '\0'), value.end());
  value.erase(value.find_last_not_of(' ') + 1);
  return value;
}

class Netlink {
 public:
  explicit Netlink(int protocol) : fd_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol)) {
    if (!fd_.valid()) fail("netlink socket", errno);
  }

  // Sends one request and hands each answer's payload on, until the kernel says it is done.
  void request(uint16_t type, uint16_t flags, const Bytes& payload,
               const std::function<void(const uint8_t*, size_t)>& answer) {
    Bytes message;
    append(message, nlmsghdr{static_cast<uint32_t>(NLMSG_HDRLEN + payload.size()), type,
                             static_cast<uint16_t>(NLM_F_REQUEST | flags), 1, 0});
    message.insert(message.end(), payload.begin(), payload.end());
    if (::send(fd_.get(), message.data(), message.size(), 0) < 0) fail("send to netlink", errno);
    while (read_part(answer)) continue;
  }

 private:
  // True while more parts follow.
  bool read_part(const std::function<void(const uint8_t*, size_t)>& answer) {
    const ssize_t got = ::recv(fd_.get(), buffer_.data(), buffer_.size(), 0);
    if (got < 0) fail("read from netlink", errno);
    size_t left = static_cast<size_t>(got);
    for (const uint8_t* at = buffer_.data(); left >= NLMSG_HDRLEN;) {
      nlmsghdr head{};
      std::memcpy(&head, at, sizeof(head));
      if (head.nlmsg_len < NLMSG_HDRLEN || head.nlmsg_len > left) fail("netlink message", EBADMSG);
      if (head.nlmsg_type == NLMSG_DONE) return false;
      if (head.nlmsg_type == NLMSG_ERROR) {
        int error = 0;
        std::memcpy(&error, at + NLMSG_HDRLEN, sizeof(error));
        if (error != 0) fail("the kernel refused", -error);
        return false;
      }
      answer(at + NLMSG_HDRLEN, head.nlmsg_len - NLMSG_HDRLEN);
      const size_t step = std::min(left, static_cast<size_t>(NLMSG_ALIGN(head.nlmsg_len)));
      at += step;
      left -= step;
    }
    return true;
  }

  Fd fd_;
  std::array<uint8_t, kBuffer> buffer_;
};

Bytes generic(uint8_t command, uint8_t version) {
  Bytes payload;
  append(payload, genlmsghdr{command, version, 0});
  return payload;
}

uint16_t family(Netlink& netlink, std::string_view family_name) {
  Bytes payload = generic(CTRL_CMD_GETFAMILY, 1);
  append_attribute(payload, CTRL_ATTR_FAMILY_NAME, text(family_name));
  uint16_t id = 0;
  netlink.request(GENL_ID_CTRL, NLM_F_ACK, payload, [&](const uint8_t* data, size_t size) {
    id = static_cast<uint16_t>(
        number(parse(data + GENL_HDRLEN, size - GENL_HDRLEN), CTRL_ATTR_FAMILY_ID));
  });
  return id;
}

// One call of a generic netlink family; `answer` gets each answer's attributes.
void call(std::string_view family_name, const Bytes& payload, uint16_t flags,
          const std::function<void(const Attributes&)>& answer) {
  Netlink netlink(NETLINK_GENERIC);
  netlink.request(family(netlink, family_name), flags, payload,
                  [&](const uint8_t* data, size_t size) {
                    answer(parse(data + GENL_HDRLEN, size - GENL_HDRLEN));
                  });
}

void print_list(const std::vector<std::string>& items) {
  std::string out = "[";
  for (const std::string& item : items) out += (out.size() > 1 ? "," : "") + item;
  std::puts((out + "]").c_str());
}

std::string quoted(const std::string& value) {
  return "\"" + value + "\"";
}

std::string code(uint64_t value) {
  std::array<char, 12> digits{};
  std::snprintf(digits.data(), digits.size(), "\"%08x\"", static_cast<unsigned>(value));
  return digits.data();
}

void print_pnets() {
  std::vector<std::string> items;
  call(SMCR_GENL_FAMILY_NAME, generic(SMC_PNETID_GET, kPnetVersion), NLM_F_DUMP,
       [&](const Attributes& entry) {
         items.push_back("{\"pnetid\":" + quoted(name(entry, SMC_PNETID_NAME)) +
                         ",\"eth\":" + quoted(name(entry, SMC_PNETID_ETHNAME)) +
                         ",\"ib\":" + quoted(name(entry, SMC_PNETID_IBNAME)) + "}");
       });
  print_list(items);
}

void print_ueids() {
  std::vector<std::string> items;
  call(SMC_GENL_FAMILY_NAME, generic(SMC_NETLINK_DUMP_UEID, SMC_GENL_FAMILY_VERSION), NLM_F_DUMP,
       [&](const Attributes& entry) {
         items.push_back(quoted(name(entry, SMC_NLA_EID_TABLE_ENTRY)));
       });
  print_list(items);
}

void print_devices() {
  std::vector<std::string> items;
  call(SMC_GENL_FAMILY_NAME, generic(SMC_NETLINK_GET_DEV_SMCR, SMC_GENL_FAMILY_VERSION), NLM_F_DUMP,
       [&](const Attributes& message) {
         const Attributes device = nested(message, SMC_GEN_DEV_SMCR);
         const Attributes port = nested(device, SMC_NLA_DEV_PORT);
         items.push_back("{\"name\":" + quoted(name(device, SMC_NLA_DEV_IB_NAME)) + ",\"pnetid\":" +
                         quoted(name(port, SMC_NLA_DEV_PORT_PNETID)) + ",\"active\":" +
                         (number(port, SMC_NLA_DEV_PORT_STATE) == 1 ? "true" : "false") + "}");
       });
  print_list(items);
}

void print_fallbacks() {
  std::vector<std::string> items;
  call(SMC_GENL_FAMILY_NAME, generic(SMC_NETLINK_GET_FBACK_STATS, SMC_GENL_FAMILY_VERSION),
       NLM_F_DUMP, [&](const Attributes& message) {
         const Attributes row = nested(message, SMC_GEN_FBACK_STATS);
         if (number(row, SMC_NLA_FBACK_STATS_RSN_CODE) == 0) return;
         items.push_back(
             std::string("{\"side\":") +
             (number(row, SMC_NLA_FBACK_STATS_TYPE) != 0 ? "\"server\"" : "\"client\"") +
             ",\"code\":" + code(number(row, SMC_NLA_FBACK_STATS_RSN_CODE)) +
             ",\"count\":" + std::to_string(number(row, SMC_NLA_FBACK_STATS_RSN_CNT)) + "}");
       });
  print_list(items);
}

// Connections that became SMC-R.
void print_handshakes() {
  struct Counter {
    const char* side;
    const char* version;
    uint16_t attribute;
  };
  constexpr std::array kCounters{Counter{"client", "1", SMC_NLA_STATS_T_CLNT_V1_SUCC},
                                 Counter{"client", "2", SMC_NLA_STATS_T_CLNT_V2_SUCC},
                                 Counter{"server", "1", SMC_NLA_STATS_T_SRV_V1_SUCC},
                                 Counter{"server", "2", SMC_NLA_STATS_T_SRV_V2_SUCC}};
  std::vector<std::string> items;
  call(SMC_GENL_FAMILY_NAME, generic(SMC_NETLINK_GET_STATS, SMC_GENL_FAMILY_VERSION), NLM_F_DUMP,
       [&](const Attributes& message) {
         const Attributes smcr = nested(nested(message, SMC_GEN_STATS), SMC_NLA_STATS_SMCR_TECH);
         for (const Counter& counter : kCounters)
           items.push_back("{\"side\":" + quoted(counter.side) +
                           ",\"version\":" + quoted(counter.version) +
                           ",\"count\":" + std::to_string(number(smcr, counter.attribute)) + "}");
       });
  print_list(items);
}

// Payload that went by SMC-R.
void print_bytes() {
  std::vector<std::string> items;
  call(SMC_GENL_FAMILY_NAME, generic(SMC_NETLINK_GET_STATS, SMC_GENL_FAMILY_VERSION), NLM_F_DUMP,
       [&](const Attributes& message) {
         const Attributes smcr = nested(nested(message, SMC_GEN_STATS), SMC_NLA_STATS_SMCR_TECH);
         items.push_back("{\"direction\":\"sent\",\"count\":" +
                         std::to_string(number(smcr, SMC_NLA_STATS_T_TX_BYTES)) + "}");
         items.push_back("{\"direction\":\"received\",\"count\":" +
                         std::to_string(number(smcr, SMC_NLA_STATS_T_RX_BYTES)) + "}");
       });
  print_list(items);
}

std::string endpoint(const __be32 (&address)[4], __be16 port) {
  std::array<char, INET_ADDRSTRLEN> host{};
  ::inet_ntop(AF_INET, address, host.data(), host.size());
  return quoted(std::string(host.data()) + ":" + std::to_string(ntohs(port)));
}

std::string socket_item(const uint8_t* data, size_t size) {
  static constexpr std::array<const char*, 3> kModes{"smcr", "tcp", "smcd"};
  smc_diag_msg message{};
  std::memcpy(&message, data, std::min(size, sizeof(message)));
  const Attributes extra =
      size > sizeof(message) ? parse(data + sizeof(message), size - sizeof(message)) : Attributes{};
  smc_diag_fallback fallback{};
  if (const auto found = extra.find(SMC_DIAG_FALLBACK); found != extra.end()) {
    std::memcpy(&fallback, found->second.data(), std::min(found->second.size(), sizeof(fallback)));
  }
  const size_t mode = std::min<size_t>(message.diag_mode, kModes.size() - 1);
  return "{\"state\":" + std::to_string(message.diag_state) + ",\"mode\":" + quoted(kModes[mode]) +
         ",\"local\":" + endpoint(message.id.idiag_src, message.id.idiag_sport) +
         ",\"peer\":" + endpoint(message.id.idiag_dst, message.id.idiag_dport) +
         ",\"reason\":" + code(fallback.reason) +
         ",\"peer_reason\":" + code(fallback.peer_diagnosis) + "}";
}

void print_sockets() {
  Bytes payload;
  smc_diag_req wanted{};
  wanted.diag_family = kAfSmc;
  wanted.diag_ext = 1 << (SMC_DIAG_FALLBACK - 1);
  append(payload, wanted);
  std::vector<std::string> items;
  Netlink netlink(NETLINK_SOCK_DIAG);
  netlink.request(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, payload, [&](const uint8_t* data, size_t size) {
    items.push_back(socket_item(data, size));
  });
  print_list(items);
}

void change_pnet(uint8_t command, const std::vector<std::string>& words) {
  Bytes payload = generic(command, kPnetVersion);
  append_attribute(payload, SMC_PNETID_NAME, text(words.at(0)));
  if (words.size() > 1 && words[1] != "-")
    append_attribute(payload, SMC_PNETID_ETHNAME, text(words[1]));
  if (words.size() > 3) {
    append_attribute(payload, SMC_PNETID_IBNAME, text(words[2]));
    append_attribute(payload, SMC_PNETID_IBPORT, {static_cast<uint8_t>(std::stoi(words[3]))});
  }
  call(SMCR_GENL_FAMILY_NAME, payload, NLM_F_ACK, [](const Attributes&) {});
}

void change_ueid(uint8_t command, const std::string& eid) {
  Bytes payload = generic(command, SMC_GENL_FAMILY_VERSION);
  std::string padded = eid;
  padded.resize(SMC_MAX_EID_LEN, ' ');
  append_attribute(payload, SMC_NLA_EID_TABLE_ENTRY, text(padded));
  call(SMC_GENL_FAMILY_NAME, payload, NLM_F_ACK, [](const Attributes&) {});
}

int usage() {
  std::fputs(
      "usage: smc-look pnets | ueids | devices | sockets | fallbacks | handshakes | bytes |\n"
      "       pnet-add NAME ETH|- [IB PORT] | pnet-del NAME | ueid-add EID | ueid-del EID\n",
      stderr);
  return 2;
}

int run(const std::vector<std::string>& words) {
  static const std::map<std::string_view, void (*)()> kTables{
      {"pnets", print_pnets},     {"ueids", print_ueids},         {"devices", print_devices},
      {"sockets", print_sockets}, {"fallbacks", print_fallbacks}, {"handshakes", print_handshakes},
      {"bytes", print_bytes}};
  if (words.empty()) return usage();
  if (const auto table = kTables.find(words[0]); table != kTables.end() && words.size() == 1) {
    table->second();
    return 0;
  }
  const std::vector<std::string> values(words.begin() + 1, words.end());
  if (values.empty()) return usage();
  if (words[0] == "pnet-add" && values.size() != 1) {
    change_pnet(SMC_PNETID_ADD, values);
  } else if (words[0] == "pnet-del") {
    change_pnet(SMC_PNETID_DEL, {values[0]});
  } else if (words[0] == "ueid-add") {
    change_ueid(SMC_NETLINK_ADD_UEID, values[0]);
  } else if (words[0] == "ueid-del") {
    change_ueid(SMC_NETLINK_REMOVE_UEID, values[0]);
  } else {
    return usage();
  }
  return 0;
}

}  // namespace
}  // namespace smc::e2e

int main(int argc, char** argv) {
  return smc::e2e::run(std::vector<std::string>(argv + 1, argv + argc));
}
