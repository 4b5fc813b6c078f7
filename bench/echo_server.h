// The other side of a load: an HTTP/1.1 server in the clear that answers POST and GET /echo with
// the request's body. run() is its threads; stop() may be called from any.
#pragma once

#include <cstddef>
#include <memory>

#include "base/host_port.h"
#include "base/result.h"

namespace smc::bench {

// What one client may have open. A load has at most kMaxConnections, and a second may run beside
// it.
inline constexpr std::size_t kMaxServedConnections = 20'000;

class EchoServer {
 public:
  explicit EchoServer(int threads);
  ~EchoServer();

  // The address that is bound; port 0 takes a free one.
  Result<HostPort> bind(const HostPort& address);

  // Until stop(). Once.
  void run();
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace smc::bench
