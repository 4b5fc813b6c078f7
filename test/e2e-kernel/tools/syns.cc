// smc-syns INTERFACE: what goes over that interface of TCP handshakes, one JSON object a line:
//
//   {"kind":"SYN","to":"10.9.1.12:5000","smc":true}
//   {"kind":"SYN-ACK","from":"10.9.1.12:5000","smc":false}
//
// "smc": with TCP option kind 254 and SMC's magic, "SMCR" in EBCDIC (RFC 7609). IPv4 alone. Until
// it is killed; says "listening" when it sees what comes.
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/fd.h"

namespace smc::e2e {
namespace {

constexpr std::uint8_t kExperimentalOption = 254;
constexpr std::uint8_t kMagic[] = {0xE2, 0xD4, 0xC3, 0xD9};

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "%s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

bool has_smc_option(const std::uint8_t* option, const std::uint8_t* end) {
  while (option < end && *option != TCPOPT_EOL) {
    if (*option == TCPOPT_NOP) {
      ++option;
      continue;
    }
    if (end - option < 2 || option[1] < 2 || option[1] > end - option) return false;
    if (*option == kExperimentalOption && option[1] == 2 + sizeof kMagic &&
        std::memcmp(option + 2, kMagic, sizeof kMagic) == 0)
      return true;
    option += option[1];
  }
  return false;
}

std::string address_text(std::uint32_t address, std::uint16_t port) {
  const in_addr bytes = {address};
  char text[INET_ADDRSTRLEN];
  ::inet_ntop(AF_INET, &bytes, text, sizeof text);
  return std::string(text) + ":" + std::to_string(ntohs(port));
}

void tell(const std::uint8_t* packet, std::size_t size) {
  iphdr ip;
  tcphdr tcp;
  if (size < sizeof ip) return;
  std::memcpy(&ip, packet, sizeof ip);
  const std::size_t ip_size = ip.ihl * 4u;
  if (ip.version != 4 || ip.protocol != IPPROTO_TCP || size < ip_size + sizeof tcp) return;
  std::memcpy(&tcp, packet + ip_size, sizeof tcp);
  const std::size_t tcp_size = tcp.doff * 4u;
  if (tcp.syn == 0 || tcp_size < sizeof tcp || size < ip_size + tcp_size) return;
  const bool smc = has_smc_option(packet + ip_size + sizeof tcp, packet + ip_size + tcp_size);
  const bool answer = tcp.ack != 0;
  const std::string server =
      answer ? address_text(ip.saddr, tcp.source) : address_text(ip.daddr, tcp.dest);
  std::printf("{\"kind\":\"%s\",\"%s\":\"%s\",\"smc\":%s}\n", answer ? "SYN-ACK" : "SYN",
              answer ? "from" : "to", server.c_str(), smc ? "true" : "false");
  std::fflush(stdout);
}

int run(const char* interface) {
  const Fd socket(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_ALL)));
  if (!socket.valid()) fail("open a packet socket");
  sockaddr_ll address = {};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(::if_nametoindex(interface));
  if (address.sll_ifindex == 0) fail(interface);
  if (::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    fail("listen on the interface");
  std::puts("\"listening\"");
  std::fflush(stdout);
  std::uint8_t packet[2048];
  while (true) {
    const ssize_t size = ::recv(socket.get(), packet, sizeof packet, 0);
    if (size < 0 && errno != EINTR) fail("receive");
    if (size > 0) tell(packet, static_cast<std::size_t>(size));
  }
}

}  // namespace
}  // namespace smc::e2e

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: smc-syns INTERFACE\n");
    return 2;
  }
  return smc::e2e::run(argv[1]);
}
