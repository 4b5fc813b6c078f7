#include "node-init/kernel/netlink.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include <linux/genetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

namespace smc::node {
namespace {

// The kernel answers from the sending system call itself; only the loading of a module takes time,
// and that happens within send. A silence this long means that no answer comes.
constexpr std::chrono::milliseconds kAnswerTimeout{5'000};

// A table that changes during five dumps in a row changes all the time; the caller has to know.
constexpr int kDumpTries = 5;

// 100,000 SMC sockets at about 350 bytes each; the init container has 32 MiB in all.
constexpr std::size_t kMaxAnswerBytes = std::size_t{24} << 20;

// Each exchange has a socket of its own, so one number serves them all.
constexpr std::uint32_t kSequence = 1;

std::uint16_t with_request(std::uint16_t flags) {
  return static_cast<std::uint16_t>(flags | NLM_F_REQUEST);
}

// Messages of one datagram, header by header. The header is copied out: nothing says that the
// bytes are aligned.
class MessageReader {
 public:
  explicit MessageReader(std::string_view bytes) : rest_(bytes) {}

  bool done() const { return rest_.empty(); }

  // False if what is left is no message.
  bool next(nlmsghdr& header, std::string_view& payload) {
    if (rest_.size() < sizeof header) return false;
    std::memcpy(&header, rest_.data(), sizeof header);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > rest_.size()) return false;
    payload = rest_.substr(NLMSG_HDRLEN, header.nlmsg_len - NLMSG_HDRLEN);
    rest_.remove_prefix(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), rest_.size()));
    return true;
  }

 private:
  std::string_view rest_;
};

// The errno at the start of an NLMSG_ERROR or NLMSG_DONE message; EBADMSG where it is cut off.
int carried_errno(std::string_view payload) {
  int code = 0;
  if (payload.size() < sizeof code) return EBADMSG;
  std::memcpy(&code, payload.data(), sizeof code);
  return code <= 0 ? -code : EBADMSG;
}

// One try at an answer.
struct Answer {
  std::vector<NetlinkMessage> messages;
  std::size_t bytes = 0;
  bool complete = false;
  bool interrupted = false;
  int code = 0;  // errno, once complete
};

// Takes one datagram in. False if it is malformed.
bool take(Answer& answer, std::string_view datagram) {
  MessageReader reader(datagram);
  while (!reader.done() && !answer.complete) {
    nlmsghdr header{};
    std::string_view payload;
    if (!reader.next(header, payload)) return false;
    if (header.nlmsg_seq != kSequence) continue;
    if ((header.nlmsg_flags & NLM_F_DUMP_INTR) != 0) answer.interrupted = true;
    if (header.nlmsg_type == NLMSG_ERROR || header.nlmsg_type == NLMSG_DONE) {
      // Old kernels end a dump without an errno.
      const bool bare_end = header.nlmsg_type == NLMSG_DONE && payload.empty();
      answer.code = bare_end ? 0 : carried_errno(payload);
      answer.complete = true;
    } else if (header.nlmsg_type != NLMSG_NOOP) {
      answer.bytes += payload.size();
      answer.messages.push_back({header.nlmsg_type, std::string(payload)});
    }
  }
  return true;
}

Result<Answer> ask_once(System& system, int protocol, const NetlinkRequest& request,
                        const std::string& what) {
  auto socket = system.open_netlink(protocol, 0);
  if (!socket) return socket.error();
  if (auto sent = (*socket)->send(request.bytes()); !sent)
    return Error{what, sent.error().code, sent.error().hint};

  Answer answer;
  while (!answer.complete) {
    const auto datagram = (*socket)->receive(kAnswerTimeout);
    if (!datagram && datagram.error().code == ENOBUFS) {
      answer.interrupted = true;
      break;
    }
    if (!datagram) return Error{what, datagram.error().code, datagram.error().hint};
    if (datagram->empty() || !take(answer, *datagram))
      return Error{what + ": the kernel's netlink answer is malformed", EBADMSG, {}};
    if (answer.bytes > kMaxAnswerBytes)
      return Error{what + ": the answer is larger than 24 MiB", EFBIG, {}};
  }
  return answer;
}

}  // namespace

void NetlinkRequest::Free::operator()(nl_msg* message) const {
  nlmsg_free(message);
}

NetlinkRequest::NetlinkRequest(std::uint16_t type, std::uint16_t flags) : message_(nlmsg_alloc()) {
  if (!message_ || nlmsg_put(message_.get(), 0, kSequence, type, 0, with_request(flags)) == nullptr)
    throw std::bad_alloc();
}

NetlinkRequest NetlinkRequest::generic(std::uint16_t family, std::uint8_t command,
                                       std::uint8_t version, std::uint16_t flags) {
  NetlinkRequest request(family, flags);
  request.add_fixed(genlmsghdr{command, version, 0});
  return request;
}

NetlinkRequest& NetlinkRequest::add_fixed_bytes(const void* data, std::size_t size) {
  // libnl copies from `data` and only lacks the const.
  if (nlmsg_append(message_.get(), const_cast<void*>(data), size, NLMSG_ALIGNTO) < 0)
    throw std::bad_alloc();
  return *this;
}

NetlinkRequest& NetlinkRequest::add_text(int type, std::string_view text) {
  if (nla_put_string(message_.get(), type, std::string(text).c_str()) < 0) throw std::bad_alloc();
  return *this;
}

NetlinkRequest& NetlinkRequest::add_u8(int type, std::uint8_t value) {
  if (nla_put_u8(message_.get(), type, value) < 0) throw std::bad_alloc();
  return *this;
}

NetlinkRequest& NetlinkRequest::add_u32(int type, std::uint32_t value) {
  if (nla_put_u32(message_.get(), type, value) < 0) throw std::bad_alloc();
  return *this;
}

std::string NetlinkRequest::bytes() const {
  const nlmsghdr* header = nlmsg_hdr(message_.get());
  return {reinterpret_cast<const char*>(header), header->nlmsg_len};
}

bool NetlinkRequest::is_dump() const {
  return (nlmsg_hdr(message_.get())->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
}

Attributes Attributes::after(const NetlinkMessage& message, std::size_t fixed) {
  const std::size_t start = NLMSG_ALIGN(fixed);
  if (message.payload.size() < start) return {};
  return Attributes(std::string_view(message.payload).substr(start));
}

std::optional<Attributes::One> Attributes::take(std::string_view& rest) {
  nlattr header{};
  if (rest.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, rest.data(), sizeof header);
  if (header.nla_len < NLA_HDRLEN || header.nla_len > rest.size()) return std::nullopt;
  const One one{header.nla_type & NLA_TYPE_MASK,
                rest.substr(NLA_HDRLEN, header.nla_len - static_cast<std::size_t>(NLA_HDRLEN))};
  rest.remove_prefix(std::min<std::size_t>(NLA_ALIGN(header.nla_len), rest.size()));
  return one;
}

std::optional<std::string_view> Attributes::bytes(int type) const {
  std::string_view rest = bytes_;
  while (const auto one = take(rest))
    if (one->type == type) return one->content;
  return std::nullopt;
}

std::vector<Attributes> Attributes::all(int type) const {
  std::vector<Attributes> found;
  std::string_view rest = bytes_;
  while (const auto one = take(rest))
    if (one->type == type) found.emplace_back(one->content);
  return found;
}

std::optional<std::string> Attributes::text(int type) const {
  const auto found = bytes(type);
  if (!found) return std::nullopt;
  return std::string(found->substr(0, found->find('\0')));
}

std::optional<std::uint64_t> Attributes::integer(int type) const {
  const auto found = bytes(type);
  if (!found) return std::nullopt;
  const auto read = [&](auto value) -> std::uint64_t {
    std::memcpy(&value, found->data(), sizeof value);
    return value;
  };
  switch (found->size()) {
    case 1:
      return read(std::uint8_t{});
    case 2:
      return read(std::uint16_t{});
    case 4:
      return read(std::uint32_t{});
    case 8:
      return read(std::uint64_t{});
    default:
      return std::nullopt;
  }
}

Attributes Attributes::nested(int type) const {
  const auto found = bytes(type);
  return found ? Attributes(*found) : Attributes();
}

Result<std::vector<NetlinkMessage>> netlink_exchange(System& system, int protocol,
                                                     const NetlinkRequest& request,
                                                     const std::string& what) {
  const int tries = request.is_dump() ? kDumpTries : 1;
  for (int i = 0; i < tries; ++i) {
    auto answer = ask_once(system, protocol, request, what);
    if (!answer) return answer.error();
    if (answer->code != 0) return Error{what, answer->code, {}};
    if (!answer->interrupted) return std::move(answer->messages);
  }
  return Error{what + ": the table changed during each of " + std::to_string(tries) + " readings",
               EINTR, "try again; another program changes it without pause"};
}

Result<std::vector<NetlinkMessage>> netlink_messages(std::string_view datagram) {
  std::vector<NetlinkMessage> messages;
  MessageReader reader(datagram);
  while (!reader.done()) {
    nlmsghdr header{};
    std::string_view payload;
    if (!reader.next(header, payload)) return Error{"a netlink event is malformed", EBADMSG, {}};
    messages.push_back({header.nlmsg_type, std::string(payload)});
  }
  return messages;
}

Result<std::uint16_t> resolve_generic_family(System& system, const std::string& name) {
  const std::string what = "find the netlink family " + name;
  auto request = NetlinkRequest::generic(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, NLM_F_ACK);
  request.add_text(CTRL_ATTR_FAMILY_NAME, name);
  const auto answer = netlink_exchange(system, NETLINK_GENERIC, request, what);
  if (!answer) return answer.error();
  for (const NetlinkMessage& message : *answer) {
    const auto attributes = Attributes::after(message, GENL_HDRLEN);
    if (const auto id = attributes.integer(CTRL_ATTR_FAMILY_ID))
      return static_cast<std::uint16_t>(*id);
  }
  return Error{what + ": the kernel's answer has no number", EBADMSG, {}};
}

Result<bool> generic_family_registered(System& system, const std::string& name) {
  const auto answer =
      netlink_exchange(system, NETLINK_GENERIC,
                       NetlinkRequest::generic(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, NLM_F_DUMP),
                       "list the generic netlink families");
  if (!answer) return answer.error();
  for (const NetlinkMessage& message : *answer)
    if (Attributes::after(message, GENL_HDRLEN).text(CTRL_ATTR_FAMILY_NAME) == name) return true;
  return false;
}

}  // namespace smc::node
