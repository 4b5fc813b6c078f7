#include "node-init/kernel/smc_sockets.h"

#include <cstring>

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/smc_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "node-init/kernel/netlink.h"

namespace smc::node {
namespace {

constexpr std::uint8_t ext_bit(int extension) {
  return static_cast<std::uint8_t>(1 << (extension - 1));
}

// A name or GID in a field that is NUL-terminated only if shorter than the field.
template <std::size_t N>
std::string field_text(const __u8 (&field)[N]) {
  const auto* text = reinterpret_cast<const char*>(field);
  return {text, ::strnlen(text, N)};
}

std::string address_text(const __be32 (&address)[4]) {
  char text[INET6_ADDRSTRLEN] = "";
  const bool is_v4 = address[1] == 0 && address[2] == 0 && address[3] == 0;
  ::inet_ntop(is_v4 ? AF_INET : AF_INET6, address, text, sizeof text);
  return text;
}

SocketMode mode_of(std::uint8_t state, std::uint8_t mode) {
  if (state != static_cast<std::uint8_t>(SocketState::kActive)) {
    // Steps of closing keep their mode; before the handshake's end there is none.
    if (state == static_cast<std::uint8_t>(SocketState::kInit) ||
        state == static_cast<std::uint8_t>(SocketState::kListen))
      return SocketMode::kUnknown;
  }
  switch (mode) {
    case SMC_DIAG_MODE_SMCR:
      return SocketMode::kSmcR;
    case SMC_DIAG_MODE_FALLBACK_TCP:
      return SocketMode::kTcp;
    case SMC_DIAG_MODE_SMCD:
      return SocketMode::kSmcD;
    default:
      return SocketMode::kUnknown;
  }
}

// An extension as its structure; all zero where it is absent or shorter.
template <class T>
T extension(const Attributes& attributes, int type) {
  T value{};
  const auto bytes = attributes.bytes(type);
  if (bytes && bytes->size() >= sizeof value) std::memcpy(&value, bytes->data(), sizeof value);
  return value;
}

SmcSocket read_socket(const smc_diag_msg& head, const Attributes& attributes) {
  SmcSocket socket;
  socket.state = static_cast<SocketState>(head.diag_state);
  socket.mode = mode_of(head.diag_state, head.diag_mode);
  socket.local_address = address_text(head.id.idiag_src);
  socket.local_port = ntohs(head.id.idiag_sport);
  socket.peer_address = address_text(head.id.idiag_dst);
  socket.peer_port = ntohs(head.id.idiag_dport);
  socket.inode = head.diag_inode;
  socket.uid = head.diag_uid;
  if (socket.mode == SocketMode::kTcp) {
    const auto fallback = extension<smc_diag_fallback>(attributes, SMC_DIAG_FALLBACK);
    socket.fallback_reason = fallback.reason;
    socket.peer_diagnosis = fallback.peer_diagnosis;
  }
  if (socket.mode == SocketMode::kSmcR) {
    const auto group = extension<smc_diag_lgrinfo>(attributes, SMC_DIAG_LGRINFO);
    socket.device = field_text(group.lnk[0].ibname);
    socket.device_port = group.lnk[0].ibport;
    socket.gid = field_text(group.lnk[0].gid);
    socket.peer_gid = field_text(group.lnk[0].peer_gid);
  }
  return socket;
}

}  // namespace

Result<std::vector<SmcSocket>> smc_sockets(System& system) {
  smc_diag_req ask{};
  ask.diag_family = AF_SMC;
  ask.diag_ext = ext_bit(SMC_DIAG_LGRINFO) | ext_bit(SMC_DIAG_FALLBACK);
  NetlinkRequest request(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP);
  request.add_fixed(ask);
  const auto answer = netlink_exchange(system, NETLINK_SOCK_DIAG, request, "list the SMC sockets");
  if (!answer) {
    Error error = answer.error();
    if (error.code == ENOENT) error.hint = "the kernel module smc_diag is not there; load it";
    return error;
  }
  std::vector<SmcSocket> sockets;
  for (const NetlinkMessage& message : *answer)
    if (const auto head = fixed_part<smc_diag_msg>(message))
      sockets.push_back(read_socket(*head, Attributes::after(message, sizeof *head)));
  return sockets;
}

std::string_view mode_name(SocketMode mode) {
  switch (mode) {
    case SocketMode::kSmcR:
      return "SMC-R";
    case SocketMode::kTcp:
      return "TCP";
    case SocketMode::kSmcD:
      return "SMC-D";
    case SocketMode::kUnknown:
      break;
  }
  return "-";
}

std::string state_name(SocketState state) {
  switch (state) {
    case SocketState::kActive:
      return "ACTIVE";
    case SocketState::kInit:
      return "INIT";
    case SocketState::kClosed:
      return "CLOSED";
    case SocketState::kListen:
      return "LISTEN";
  }
  return "CLOSING";
}

}  // namespace smc::node
