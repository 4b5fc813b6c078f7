// libFuzzer: whatever an API server sends as a watch's stream, the client's watch delivers events
// or ends with an error. Over a real connection, since the cutting into chunks and lines is a part
// of it.
#include <array>
#include <csignal>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include <netinet/in.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include "kube/client.h"
#include "test/fuzz/fuzz.h"

namespace {

using namespace smc;

// Answers the one request of each connection with what is to be sent, and closes it.
class Server {
 public:
  Server() : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    fuzz::require(::bind(listener_, generic, size) == 0 && ::listen(listener_, 16) == 0 &&
                      ::getsockname(listener_, generic, &size) == 0,
                  "no server");
    port_ = ntohs(address.sin_port);
    std::thread([this] { serve(); }).detach();  // for as long as the target runs
  }

  std::uint16_t port() const { return port_; }
  void answer_with(std::string bytes) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(bytes);
  }

 private:
  std::string answer() {
    const std::lock_guard lock(mutex_);
    return answer_;
  }

  void serve() {
    for (;;) {
      const int client = ::accept(listener_, nullptr, nullptr);
      if (client < 0) continue;
      std::array<char, 4096> request{};
      if (::recv(client, request.data(), request.size(), 0) > 0) {
        const std::string bytes = answer();
        (void)::send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      }
      ::close(client);
    }
  }

  int listener_;
  std::uint16_t port_ = 0;
  std::mutex mutex_;  // a client that gave up leaves its connection behind
  std::string answer_;
};

// A whole stream whose end is the connection's, the same in one chunk, or what the fuzzer makes of
// the whole answer.
std::string answer_of(std::string_view input) {
  if (input.empty()) return {};
  const std::string body(input.substr(1));
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
  switch (input.front() % 3) {
    case 0:
      return head + "Connection: close\r\n\r\n" + body;
    case 1: {
      std::array<char, 17> length{};
      std::snprintf(length.data(), length.size(), "%zx", body.size());
      return head + "Transfer-Encoding: chunked\r\n\r\n" + length.data() + "\r\n" + body +
             "\r\n0\r\n\r\n";
    }
    default:
      return body;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Server& server = *new Server;
  static const kube::Stop& stop = *new kube::Stop;
  static const bool ignored = std::signal(SIGPIPE, SIG_IGN) != SIG_ERR;
  fuzz::require(ignored, "SIGPIPE ends the process");

  server.answer_with(answer_of(fuzz::text(data, size)));
  auto cluster = std::make_shared<kube::Cluster>();
  cluster->host = "127.0.0.1";
  cluster->port = server.port();
  cluster->tls = false;
  kube::ClientOptions options;
  options.user_agent = "fuzz/0";
  options.max_event_bytes = 4096;
  kube::Client client(cluster, stop, options);
  kube::WatchRequest request;
  request.resource_version = "1";
  request.timeout = std::chrono::seconds(1);
  request.on_event = [](const kube::WatchEvent& event) {
    fuzz::require(event.object.is_object(), "an event without an object");
  };
  const auto ended = client.watch({kube::kPods, "a", "", ""}, request);
  if (!ended) fuzz::require(!ended.error().what.empty(), "an error that says nothing");
  return 0;
}
