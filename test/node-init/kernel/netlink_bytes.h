// Builds netlink messages byte by byte, without the code under test: answers of a kernel, and
// answers that no kernel should give.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <linux/genetlink.h>
#include <linux/netlink.h>

namespace smc::node::test {

template <class T>
std::string raw(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

inline std::string pad4(std::string bytes) {
  bytes.resize((bytes.size() + 3) / 4 * 4, '\0');
  return bytes;
}

inline std::string attribute(int type, std::string_view value) {
  const nlattr header{static_cast<std::uint16_t>(sizeof(nlattr) + value.size()),
                      static_cast<std::uint16_t>(type)};
  return pad4(raw(header) + std::string(value));
}
inline std::string text_attribute(int type, const std::string& value) {
  return attribute(type, std::string_view(value.c_str(), value.size() + 1));
}
inline std::string u8_attribute(int type, std::uint8_t value) {
  return attribute(type, raw(value));
}
inline std::string u16_attribute(int type, std::uint16_t value) {
  return attribute(type, raw(value));
}
inline std::string u32_attribute(int type, std::uint32_t value) {
  return attribute(type, raw(value));
}
inline std::string u64_attribute(int type, std::uint64_t value) {
  return attribute(type, raw(value));
}
inline std::string nested(int type, std::string_view attributes) {
  return attribute(type | NLA_F_NESTED, attributes);
}

// One message with its header, as request number 1 is answered.
inline std::string message(std::uint16_t type, std::string_view payload, std::uint16_t flags = 0) {
  const nlmsghdr header{static_cast<std::uint32_t>(sizeof(nlmsghdr) + payload.size()), type, flags,
                        1, 0};
  return pad4(raw(header) + std::string(payload));
}

inline std::string generic(std::uint16_t family, std::uint8_t command, std::string_view attributes,
                           std::uint16_t flags = NLM_F_MULTI) {
  return message(family, raw(genlmsghdr{command, 1, 0}) + std::string(attributes), flags);
}

// The end of a dump, and the answer to a single request; `code` is an errno or 0.
inline std::string done(int code = 0, std::uint16_t flags = NLM_F_MULTI) {
  return message(NLMSG_DONE, raw(-code), flags);
}
inline std::string ack(int code = 0) {
  return message(NLMSG_ERROR, raw(nlmsgerr{-code, {}}));
}

}  // namespace smc::node::test
