#include "node-init/agent/status_server.h"

#include <cerrno>
#include <charconv>
#include <thread>

#include <httplib.h>
#include <sys/socket.h>

namespace smc::node {
namespace {

Result<std::pair<std::string, int>> split(const std::string& address) {
  const auto colon = address.rfind(':');
  int port = -1;
  if (colon != std::string::npos)
    std::from_chars(address.data() + colon + 1, address.data() + address.size(), port);
  if (port < 0 || port > 65'535)
    return Error{"\"" + address + "\" is not HOST:PORT", 0, "such as 0.0.0.0:9465"};
  return std::pair(address.substr(0, colon), port);
}

}  // namespace

struct StatusServer::Impl {
  StatusSource source;
  httplib::Server server;
  std::thread thread;
};

StatusServer::StatusServer(StatusSource source) : impl_(std::make_unique<Impl>()) {
  impl_->source = std::move(source);
  const auto state = [](const std::function<std::string()>& ask, httplib::Response& response) {
    const std::string reasons = ask();
    response.status = reasons.empty() ? 200 : 503;
    response.set_content(reasons.empty() ? "ok\n" : reasons, "text/plain; charset=utf-8");
  };
  const StatusSource& from = impl_->source;
  impl_->server.Get("/healthz",
                    [&from, state](const auto&, auto& response) { state(from.ailing, response); });
  impl_->server.Get(
      "/readyz", [&from, state](const auto&, auto& response) { state(from.not_ready, response); });
  impl_->server.Get("/metrics", [&from](const auto&, auto& response) {
    response.set_content(from.metrics(), "text/plain; version=0.0.4; charset=utf-8");
  });
  // Not the library's own choice, SO_REUSEPORT, which lets two agents share one address unnoticed.
  impl_->server.set_socket_options([](socket_t socket) {
    const int on = 1;
    (void)::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  });
  impl_->server.set_keep_alive_max_count(1);
  impl_->server.set_payload_max_length(0);
}

StatusServer::~StatusServer() {
  stop();
}

Result<std::string> StatusServer::start(const std::string& address) {
  const auto wanted = split(address);
  if (!wanted) return wanted.error();
  const auto& [host, port] = *wanted;
  errno = 0;
  const int bound = port == 0                                ? impl_->server.bind_to_any_port(host)
                    : impl_->server.bind_to_port(host, port) ? port
                                                             : -1;
  if (bound <= 0)
    return Error{"listen on " + address, errno, "choose another address with --listen"};
  impl_->thread = std::thread([this] { impl_->server.listen_after_bind(); });
  return host + ":" + std::to_string(bound);
}

void StatusServer::stop() {
  if (!impl_->thread.joinable()) return;
  while (!impl_->server.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  impl_->server.stop();
  impl_->thread.join();
}

}  // namespace smc::node
