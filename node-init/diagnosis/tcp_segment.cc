#include "node-init/diagnosis/tcp_segment.h"

#include <cstddef>

#include "node-init/diagnosis/tcp_options.h"

namespace smc::node {
namespace {

constexpr std::size_t kIpv4HeaderBytes = 20;
constexpr std::size_t kTcpHeaderBytes = 20;
constexpr std::size_t kChecksumAt = 16;
constexpr std::uint8_t kProtocolTcp = 6;
constexpr std::uint16_t kWindow = 64240;

constexpr std::size_t kClcHeaderBytes = 8;
constexpr std::size_t kClcTrailerBytes = 4;
constexpr std::uint8_t kClcProposal = 1;
constexpr std::uint8_t kClcAccept = 2;
constexpr std::uint8_t kClcDecline = 4;
constexpr std::uint8_t kClcVersion1 = 0x10;  // and path SMC-R
constexpr std::string_view kEyecatcherR("\xe2\xd4\xc3\xd9", 4);
constexpr std::string_view kEyecatcherD("\xe2\xd4\xc3\xc4", 4);

// RFC 1071; `bytes` is followed by a zero where their number is odd.
std::uint32_t ones_sum(std::string_view bytes) {
  std::uint32_t sum = 0;
  for (std::size_t at = 0; at + 1 < bytes.size(); at += 2) sum += u16_at(bytes, at);
  if (bytes.size() % 2 == 1)
    sum += static_cast<std::uint32_t>(static_cast<std::uint8_t>(bytes.back())) << 8;
  return sum;
}

std::uint16_t tcp_checksum(const TcpSegment& segment, std::string_view tcp) {
  std::string pseudo;
  append_u32(pseudo, segment.source);
  append_u32(pseudo, segment.destination);
  append_u16(pseudo, kProtocolTcp);
  append_u16(pseudo, static_cast<std::uint16_t>(tcp.size()));
  std::uint32_t sum = ones_sum(pseudo) + ones_sum(tcp);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

}  // namespace

std::string tcp_bytes(const TcpSegment& segment) {
  std::string tcp;
  append_u16(tcp, segment.source_port);
  append_u16(tcp, segment.destination_port);
  append_u32(tcp, segment.sequence);
  append_u32(tcp, segment.acknowledgment);
  tcp += static_cast<char>((kTcpHeaderBytes + segment.options.size()) / 4 << 4);
  tcp += static_cast<char>(segment.flags);
  append_u16(tcp, kWindow);
  append_u32(tcp, 0);  // checksum and urgent pointer
  tcp += segment.options + segment.payload;
  std::string checksum;
  append_u16(checksum, tcp_checksum(segment, tcp));
  tcp.replace(kChecksumAt, checksum.size(), checksum);
  return tcp;
}

std::optional<TcpSegment> parse_ipv4_tcp(std::string_view packet) {
  if (packet.size() < kIpv4HeaderBytes || static_cast<std::uint8_t>(packet[9]) != kProtocolTcp)
    return std::nullopt;
  const std::size_t ip_bytes = static_cast<std::size_t>(packet[0] & 0x0f) * 4;
  if (ip_bytes < kIpv4HeaderBytes || packet.size() < ip_bytes + kTcpHeaderBytes)
    return std::nullopt;
  const std::string_view tcp = packet.substr(ip_bytes);
  const std::size_t header = static_cast<std::size_t>(static_cast<std::uint8_t>(tcp[12]) >> 4) * 4;
  TcpSegment segment{.source = u32_at(packet, 12),
                     .destination = u32_at(packet, 16),
                     .source_port = u16_at(tcp, 0),
                     .destination_port = u16_at(tcp, 2),
                     .sequence = u32_at(tcp, 4),
                     .acknowledgment = u32_at(tcp, 8),
                     .flags = static_cast<std::uint8_t>(tcp[13])};
  segment.header_cut = header < kTcpHeaderBytes || header > tcp.size();
  if (segment.header_cut) {
    segment.options = tcp.substr(kTcpHeaderBytes);
    return segment;
  }
  segment.options = tcp.substr(kTcpHeaderBytes, header - kTcpHeaderBytes);
  segment.payload = tcp.substr(header);
  return segment;
}

std::string clc_proposal() {
  std::string message(kEyecatcherR);
  message += static_cast<char>(kClcProposal);
  append_u16(message, 0);  // the length, below
  message += static_cast<char>(kClcVersion1);
  message.append(8, '\0');       // the sender's ID
  message.append(16 + 6, '\0');  // its GID and MAC
  append_u16(message, 0);        // the subnet follows at once
  append_u32(message, 0xffffffff);
  message += static_cast<char>(32);  // bits of its mask
  message.append(2 + 1, '\0');       // reserved; no IPv6 prefixes
  message += kEyecatcherR;
  message[6] = static_cast<char>(message.size());
  return message;
}

bool is_clc_answer(std::string_view bytes) {
  if (bytes.size() < kClcHeaderBytes + kClcTrailerBytes) return false;
  const std::string_view eyecatcher = bytes.substr(0, 4);
  if (eyecatcher != kEyecatcherR && eyecatcher != kEyecatcherD) return false;
  const auto type = static_cast<std::uint8_t>(bytes[4]);
  if (type != kClcAccept && type != kClcDecline) return false;
  const std::size_t length = u16_at(bytes, 5);
  return length >= kClcHeaderBytes + kClcTrailerBytes && length <= bytes.size() &&
         bytes.substr(length - kClcTrailerBytes, kClcTrailerBytes) == eyecatcher;
}

}  // namespace smc::node
