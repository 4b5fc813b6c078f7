#include "kube/socket_bytes.h"

#include <linux/sockios.h>
#include <linux/tcp.h>  // netinet/tcp.h has the same structure without tcpi_bytes_received
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace smc::kube {

std::uint64_t bytes_read_from(int socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
  // In this order: what arrives in between counts as waiting.
  int waiting = 0;
  if (::ioctl(socket, SIOCINQ, &waiting) != 0 || waiting < 0) return 0;
  const auto arrived = static_cast<std::uint64_t>(info.tcpi_bytes_received);
  const auto unread = static_cast<std::uint64_t>(waiting);
  return arrived > unread ? arrived - unread : 0;
}

}  // namespace smc::kube
