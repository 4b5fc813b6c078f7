// smc-proxy: what a mesh's sidecar does to connections, and no more. It takes connections that a
// firewall rule redirected to its port, asks the kernel where they were going (SO_ORIGINAL_DST),
// connects there, and copies bytes both ways until both sides have ended.
//
//   smc-proxy PORT LISTEN-KIND CONNECT-KIND      kinds as for smc-traffic
//
// Its own connections bear the firewall mark 1337, so that they are not redirected to it again.
// Writes one line for each connection: the original destination.
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include <sys/socket.h>

#include "test/e2e-kernel/tools/sockets.h"

namespace smc::e2e {
namespace {

constexpr std::chrono::seconds kTimeout{30};  // as the traffic program's
constexpr size_t kBuffer = 65536;
constexpr int kMark = 1337;         // as Istio's, where it redirects by mark
constexpr int kSoOriginalDst = 80;  // linux/netfilter_ipv4.h, which does not go with netinet/in.h

void copy(const Fd& from, const Fd& to) {
  std::vector<std::byte> buffer(kBuffer);
  while (true) {
    const ssize_t got = ::recv(from.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0 || !send_all(to.get(), buffer.data(), static_cast<size_t>(got))) break;
  }
  ::shutdown(to.get(), SHUT_WR);
  ::shutdown(from.get(), SHUT_RD);
}

void serve(const Fd& client, SocketKind connect_kind) {
  sockaddr_in destination{};
  socklen_t size = sizeof(destination);
  if (::getsockopt(client.get(), SOL_IP, kSoOriginalDst, &destination, &size) != 0) {
    std::perror("SO_ORIGINAL_DST");
    return;
  }
  std::printf("%s\n", endpoint_text(destination).c_str());
  std::fflush(stdout);
  const Result<Fd> server = connect_to(connect_kind, destination, kTimeout, kMark);
  if (!server) {
    std::fprintf(stderr, "%s\n", server.error().text().c_str());
    return;
  }
  std::thread back([&] { copy(*server, client); });
  copy(client, *server);
  back.join();
}

int run(int argc, char** argv) {
  const auto listen_kind = argc == 4 ? parse_kind(argv[2]) : std::nullopt;
  const auto connect_kind = argc == 4 ? parse_kind(argv[3]) : std::nullopt;
  if (!listen_kind || !connect_kind) {
    std::fputs("usage: smc-proxy PORT LISTEN-KIND CONNECT-KIND\n", stderr);
    return 2;
  }
  return serve_connections(*listen_kind, static_cast<uint16_t>(std::atoi(argv[1])),
                           [kind = *connect_kind](const Fd& client) { serve(client, kind); });
}

}  // namespace
}  // namespace smc::e2e

int main(int argc, char** argv) {
  return smc::e2e::run(argc, argv);
}
