// Netlink above the raw socket: builds requests, collects the whole answer, reads attributes. Every
// byte that comes from outside is checked for length before it is looked at; attributes that are
// not known are skipped, so that newer kernels can be read. Functions are safe on any thread,
// objects belong to one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "node-init/kernel/system.h"

struct nl_msg;

namespace smc::node {

// A request under construction: header, then fixed part, then attributes.
class NetlinkRequest {
 public:
  // `flags` beside NLM_F_REQUEST: NLM_F_DUMP for a dump, NLM_F_ACK for a single request.
  NetlinkRequest(std::uint16_t type, std::uint16_t flags);
  static NetlinkRequest generic(std::uint16_t family, std::uint8_t command, std::uint8_t version,
                                std::uint16_t flags);

  template <class T>
  NetlinkRequest& add_fixed(const T& part) {
    return add_fixed_bytes(&part, sizeof part);
  }
  NetlinkRequest& add_text(int type, std::string_view text);  // sent with its NUL
  NetlinkRequest& add_u8(int type, std::uint8_t value);
  NetlinkRequest& add_u32(int type, std::uint32_t value);

  std::string bytes() const;
  bool is_dump() const;

 private:
  struct Free {
    void operator()(nl_msg* message) const;
  };
  NetlinkRequest& add_fixed_bytes(const void* data, std::size_t size);

  std::unique_ptr<nl_msg, Free> message_;
};

// One message of an answer, without its header.
struct NetlinkMessage {
  std::uint16_t type = 0;
  std::string payload;
};

// The attributes at one level, as a view into a message that must outlive it.
class Attributes {
 public:
  Attributes() = default;
  // Reading stops at the first attribute whose length is impossible.
  explicit Attributes(std::string_view bytes) : bytes_(bytes) {}
  // Those after a fixed part of `fixed` bytes; none if the payload is shorter than that.
  static Attributes after(const NetlinkMessage& message, std::size_t fixed);

  std::optional<std::string_view> bytes(int type) const;
  // Up to the first NUL.
  std::optional<std::string> text(int type) const;
  // Of 1, 2, 4 or 8 bytes; another size counts as absent.
  std::optional<std::uint64_t> integer(int type) const;
  // Empty where there is none.
  Attributes nested(int type) const;
  // Every one of a type that is repeated, in order.
  std::vector<Attributes> all(int type) const;

 private:
  // The next attribute's type and content, taken off `rest`; nothing at the end.
  struct One {
    int type = 0;
    std::string_view content;
  };
  static std::optional<One> take(std::string_view& rest);

  std::string_view bytes_;
};

// The fixed part at the start of a message; nothing if the message is shorter.
template <class T>
std::optional<T> fixed_part(const NetlinkMessage& message) {
  T part{};
  if (message.payload.size() < sizeof part) return std::nullopt;
  message.payload.copy(reinterpret_cast<char*>(&part), sizeof part);
  return part;
}

// Sends the request from a socket of its own and returns every message of the answer, in order.
// A dump that the kernel calls interrupted (NLM_F_DUMP_INTR) or that overran the socket's buffer
// (ENOBUFS) is repeated a few times, then reported as EINTR. The kernel's own refusal comes back as
// its errno; an answer that makes no sense as EBADMSG. `what` names the request in errors.
Result<std::vector<NetlinkMessage>> netlink_exchange(System& system, int protocol,
                                                     const NetlinkRequest& request,
                                                     const std::string& what);

// The messages of one datagram that was received outside an exchange (an event). EBADMSG if it is
// malformed.
Result<std::vector<NetlinkMessage>> netlink_messages(std::string_view datagram);

// The number of a generic netlink family. Asking for one by name makes the kernel load its module;
// ENOENT when there is none to load.
Result<std::uint16_t> resolve_generic_family(System& system, const std::string& name);

// Whether the family is there already; loads nothing.
Result<bool> generic_family_registered(System& system, const std::string& name);

}  // namespace smc::node
