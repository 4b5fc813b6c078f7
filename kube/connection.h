// One HTTP/1.1 connection to an API server, kept open between requests: cpp-httplib's client by its
// public interface. What it lacks stands round it: names are resolved before (kube/socket.h),
// OpenSSL verifies as kube/tls.h tells it, and a watchdog ends what takes too long or shall stop
// (kube/watchdog.h). For one thread at a time. The process must ignore SIGPIPE: OpenSSL writes with
// write(2).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kube/cluster.h"
#include "kube/error.h"
#include "kube/stop.h"

namespace smc::kube {

struct HttpRequest {
  std::string method;
  std::string path;  // with its query, already percent-encoded
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

struct HttpHead {
  int status = 0;
  std::chrono::milliseconds retry_after{0};
  std::string date;                   // as the server sent it; may be empty
  std::vector<std::string> warnings;  // the texts of its Warning headers (RFC 7234, section 5.5)
};

struct Exchange {
  std::chrono::milliseconds connect{10'000};  // name, TCP and TLS together
  std::chrono::milliseconds answer{30'000};   // from the request's first byte to the answer's last
  // Above zero: the answer may go on for ever, and this is the longest silence in it; `answer` is
  // then the time to its head.
  std::chrono::milliseconds silence{0};
  std::function<void(const HttpHead&)> on_head;
  std::function<bool(std::string_view)> on_data;  // false: enough, drop the connection
};

class Connection {
 public:
  // `stop` must outlive it.
  Connection(std::shared_ptr<const Cluster> cluster, const Stop& stop);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Success is an answer received to its end, whatever its status.
  Outcome<void> exchange(const HttpRequest& request, const Exchange& exchange);

 private:
  class Http;
  std::unique_ptr<Http> http_;
};

}  // namespace smc::kube
