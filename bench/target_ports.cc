#include "bench/target_ports.h"

#include <array>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <sstream>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace smc::bench {
namespace {

constexpr std::string_view kEstablished = "01";

std::string address_text(const in_addr& address) {
  std::array<char, INET_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET, &address, text.data(), text.size());
  return text.data();
}

template <class T>
bool read_hex(std::string_view text, T& out) {
  const char* end = text.data() + text.size();
  const auto [stopped, failed] = std::from_chars(text.data(), end, out, 16);
  return failed == std::errc() && stopped == end;
}

// "0100007F:1F90": the address as the number that its bytes are in memory, the port as its value.
bool read_endpoint(const std::string& text, std::string& address, std::uint16_t& port) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) return false;
  std::uint32_t number = 0;
  const std::string_view all = text;
  if (!read_hex(all.substr(0, colon), number) || !read_hex(all.substr(colon + 1), port))
    return false;
  in_addr bytes{};
  std::memcpy(&bytes, &number, sizeof bytes);
  address = address_text(bytes);
  return true;
}

}  // namespace

std::vector<TcpConnection> established(std::string_view proc_net_tcp) {
  std::vector<TcpConnection> out;
  std::istringstream lines{std::string(proc_net_tcp)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream columns(line);
    std::string number;
    std::string local;
    std::string peer;
    std::string state;
    columns >> number >> local >> peer >> state;
    TcpConnection connection;
    if (state == kEstablished && read_endpoint(local, connection.address, connection.port) &&
        read_endpoint(peer, connection.peer_address, connection.peer_port))
      out.push_back(std::move(connection));
  }
  return out;
}

std::set<std::uint16_t> TargetPorts::now() const {
  std::set<std::uint16_t> out;
  const auto table = system_.read_file("/proc/net/tcp");
  if (!table) return out;
  for (const TcpConnection& connection : established(*table)) {
    if (connection.peer_port != port_ || !addresses_.contains(connection.peer_address)) continue;
    out.insert(connection.port);
    address_ = connection.address;
  }
  return out;
}

Result<std::set<std::string>> ipv4_addresses_of(const std::string& host) {
  addrinfo wanted{};
  wanted.ai_family = AF_INET;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (const int code = ::getaddrinfo(host.c_str(), nullptr, &wanted, &list); code != 0)
    return Error{"resolve " + host + ": " + ::gai_strerror(code), 0,
                 "is the name right, and does this namespace's DNS know it?"};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, &::freeaddrinfo);
  std::set<std::string> out;
  for (const addrinfo* next = list; next != nullptr; next = next->ai_next) {
    sockaddr_in address{};
    std::memcpy(&address, next->ai_addr, sizeof address);
    out.insert(address_text(address.sin_addr));
  }
  return out;
}

}  // namespace smc::bench
