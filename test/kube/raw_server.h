// A server on 127.0.0.1 that speaks no protocol of its own: for answers that no HTTP library would
// give. Each connection is handed to the test, on a thread of its own.
#pragma once

#include <csignal>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/event_fd.h"
#include "base/fd.h"
#include "kube/cluster.h"

namespace smc::kube {

class RawServer {
 public:
  // `serve` returns when the connection is to be closed; it must end once the peer has closed.
  using Serve = std::function<void(int connection)>;

  explicit RawServer(Serve serve)
      : serve_(std::move(serve)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    std::signal(SIGPIPE, SIG_IGN);  // as the client demands of its process
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener_.get(), generic, size), 0);
    EXPECT_EQ(::listen(listener_.get(), 16), 0);
    EXPECT_EQ(::getsockname(listener_.get(), generic, &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { accept_all(); });
  }

  ~RawServer() {
    stop_.raise();
    thread_.join();
    for (std::thread& connection : connections_) connection.join();
  }

  std::uint16_t port() const { return port_; }

  std::shared_ptr<Cluster> cluster(bool tls = false) const {
    auto out = std::make_shared<Cluster>();
    out->host = "127.0.0.1";
    out->port = port_;
    out->tls = tls;
    out->insecure_skip_tls_verify = tls;
    out->token.data = "secret";
    out->origin = "the test";
    return out;
  }

 private:
  void accept_all() {
    for (;;) {
      pollfd waited[] = {{stop_.fd(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
      ::poll(waited, 2, -1);
      if (waited[0].revents != 0) return;
      const auto connection =
          std::make_shared<Fd>(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      // A peer that has gone may leave a full window behind, which takes minutes to notice.
      const timeval patience{1, 0};
      ::setsockopt(connection->get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
      connections_.emplace_back([this, connection] {
        serve_(connection->get());
        connection->reset();
      });
    }
  }

  const Serve serve_;
  Fd listener_;
  std::uint16_t port_ = 0;
  EventFd stop_;
  std::vector<std::thread> connections_;
  std::thread thread_;
};

}  // namespace smc::kube
