#include "test/node-init/diagnosis/syn_peer.h"

#include <cstring>

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace smc::test {
namespace {

constexpr std::uint32_t kPeerSequence = 0x51000000;

sockaddr ipv4(const char* text) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  ::inet_pton(AF_INET, text, &address.sin_addr);
  sockaddr result = {};
  std::memcpy(&result, &address, sizeof result);
  return result;
}

void bring_up(ifreq request) {
  const Fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::ioctl(fd.get(), SIOCGIFFLAGS, &request), 0);
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  ASSERT_EQ(::ioctl(fd.get(), SIOCSIFFLAGS, &request), 0);
}

Fd open_tun() {
  Fd tun(::open("/dev/net/tun", O_RDWR | O_CLOEXEC));
  ifreq request = {};
  std::strcpy(request.ifr_name, "tun0");
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  if (::ioctl(tun.get(), TUNSETIFF, &request) != 0) return {};
  const Fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  request.ifr_addr = ipv4("10.9.0.1");
  if (::ioctl(fd.get(), SIOCSIFADDR, &request) != 0) return {};
  request.ifr_netmask = ipv4("255.255.255.0");
  if (::ioctl(fd.get(), SIOCSIFNETMASK, &request) != 0) return {};
  bring_up(request);
  ifreq loopback = {};
  std::strcpy(loopback.ifr_name, "lo");
  bring_up(loopback);
  return tun;
}

std::uint32_t ones_sum(const std::string& bytes) {
  std::uint32_t sum = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at)
    sum += static_cast<std::uint32_t>(static_cast<std::uint8_t>(bytes[at]))
           << (at % 2 == 0 ? 8 : 0);
  return sum;
}

std::uint16_t folded(std::uint32_t sum) {
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return htons(static_cast<std::uint16_t>(~sum));
}

template <class Header>
std::string bytes_of(const Header& header) {
  return {reinterpret_cast<const char*>(&header), sizeof header};
}

struct Segment {
  iphdr ip = {};
  tcphdr tcp = {};
  std::string options;
  std::string payload;
};

std::string pseudo_header(const iphdr& ip, std::size_t tcp_bytes) {
  std::string pseudo = bytes_of(ip.saddr) + bytes_of(ip.daddr) + std::string("\0\x06", 2);
  return pseudo + bytes_of(htons(static_cast<std::uint16_t>(tcp_bytes)));
}

// An answer to `received`: addresses and ports the other way round.
std::string answer_packet(const Segment& received, Segment answer, bool cut) {
  answer.ip.version = 4;
  answer.ip.ihl = 5;
  answer.ip.ttl = 64;
  answer.ip.protocol = IPPROTO_TCP;
  answer.ip.saddr = received.ip.daddr;
  answer.ip.daddr = received.ip.saddr;
  answer.tcp.source = received.tcp.dest;
  answer.tcp.dest = received.tcp.source;
  answer.tcp.window = htons(65000);
  answer.tcp.doff = cut ? 15 : static_cast<unsigned>(5 + answer.options.size() / 4) & 0xf;
  std::string tcp = bytes_of(answer.tcp) + answer.options + answer.payload;
  answer.tcp.check = folded(ones_sum(pseudo_header(answer.ip, tcp.size())) + ones_sum(tcp));
  tcp.replace(0, sizeof answer.tcp, bytes_of(answer.tcp));
  answer.ip.tot_len = htons(static_cast<std::uint16_t>(sizeof answer.ip + tcp.size()));
  answer.ip.check = folded(ones_sum(bytes_of(answer.ip)));
  return bytes_of(answer.ip) + tcp;
}

std::optional<Segment> read_segment(const std::string& packet) {
  Segment segment;
  if (packet.size() < sizeof segment.ip + sizeof segment.tcp) return std::nullopt;
  std::memcpy(&segment.ip, packet.data(), sizeof segment.ip);
  if (segment.ip.version != 4 || segment.ip.protocol != IPPROTO_TCP) return std::nullopt;
  const std::string tcp = packet.substr(segment.ip.ihl * 4U);
  EXPECT_EQ(folded(ones_sum(pseudo_header(segment.ip, tcp.size())) + ones_sum(tcp)), 0)
      << "the TCP checksum is wrong";
  std::memcpy(&segment.tcp, tcp.data(), sizeof segment.tcp);
  const std::size_t header = segment.tcp.doff * 4U;
  segment.options = tcp.substr(sizeof segment.tcp, header - sizeof segment.tcp);
  segment.payload = tcp.substr(header);
  return segment;
}

std::uint32_t experiment_in(const std::string& options) {
  const std::size_t at = options.find("\xfe\x06");
  if (at == std::string::npos || at + 6 > options.size()) return 0;
  std::uint32_t value = 0;
  std::memcpy(&value, options.data() + at + 2, sizeof value);
  return ntohl(value);
}

}  // namespace

SynPeer::SynPeer() : tun_(open_tun()) {
  EXPECT_TRUE(tun_.valid()) << std::strerror(errno);
  thread_ = std::thread([this] { run(); });
}

SynPeer::~SynPeer() {
  stopping_ = true;
  thread_.join();
}

void SynPeer::set(std::uint16_t port, PeerBehaviour behaviour) {
  const std::lock_guard lock(mutex_);
  ports_[port].behaviour = std::move(behaviour);
}

int SynPeer::syns(std::uint16_t port) const {
  const std::lock_guard lock(mutex_);
  return ports_.at(port).syns;
}

int SynPeer::open_connections(std::uint16_t port) const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(ports_.at(port).open.size());
}

void SynPeer::run() {
  std::string packet(65536, '\0');
  while (!stopping_) {
    pollfd readable = {tun_.get(), POLLIN, 0};
    if (::poll(&readable, 1, 20) <= 0) continue;
    const ssize_t n = ::read(tun_.get(), packet.data(), packet.size());
    if (n > 0) take(packet.substr(0, static_cast<std::size_t>(n)));
  }
}

void SynPeer::take(const std::string& packet) {
  const auto received = read_segment(packet);
  if (!received) return;
  const std::lock_guard lock(mutex_);
  const auto found = ports_.find(ntohs(received->tcp.dest));
  if (found == ports_.end()) return;
  Port& port = found->second;
  const std::uint16_t client = ntohs(received->tcp.source);
  const auto write = [&](const Segment& answer, bool cut) {
    const std::string bytes = answer_packet(*received, answer, cut);
    (void)!::write(tun_.get(), bytes.data(), bytes.size());
  };
  Segment reply;
  reply.tcp.ack = 1;
  const auto length = received->payload.size() + (received->tcp.syn ? 1 : 0);
  reply.tcp.ack_seq = htonl(ntohl(received->tcp.seq) + static_cast<std::uint32_t>(length));

  if (received->tcp.rst) {
    port.open.erase(client);
  } else if (received->tcp.syn) {
    ++port.syns;
    const std::uint32_t experiment = experiment_in(received->options);
    const std::uint32_t key = experiment + static_cast<std::uint32_t>(received->options.size());
    const PeerAnswer answer =
        port.behaviour({received->options, experiment, port.by_experiment[key]++});
    if (answer.kind == PeerAnswer::Kind::kNone) return;
    reply.tcp.seq = htonl(kPeerSequence);
    reply.tcp.rst = answer.kind == PeerAnswer::Kind::kReset;
    reply.tcp.syn = answer.kind == PeerAnswer::Kind::kSynAck;
    reply.options = answer.options;
    if (reply.tcp.syn) port.open[client] = answer;
    write(reply, answer.cut);
  } else if (!received->payload.empty() && port.open.contains(client)) {
    const PeerAnswer& answer = port.open[client];
    reply.tcp.seq = htonl(kPeerSequence + 1);
    reply.tcp.psh = 1;
    reply.tcp.fin = answer.ends;
    reply.payload = answer.repeats ? received->payload : answer.to_proposal;
    write(reply, false);
  }
}

}  // namespace smc::test
