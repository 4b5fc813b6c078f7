#include "base/limited_server.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include <httplib.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/log.h"

namespace smc {
namespace {

using Clock = std::chrono::steady_clock;

// The kubelet's probes, Prometheus and a person at a time.
constexpr std::size_t kThreads = 4;

// Connections that wait for a thread; more are closed at once, for the descriptors are those of the
// whole program.
constexpr std::size_t kMaxWaiting = 64;

// For a whole request and its answer, the wait for a thread included: a kubelet's probe gives up
// after one second by default.
constexpr std::chrono::seconds kTotalTimeout{2};

// Request line and header; a probe sends some hundred bytes.
constexpr std::size_t kMaxRequestBytes = 16 << 10;

// The socket of one request. cpp-httplib's own has a timeout for each read, so that a client that
// trickles holds a thread for ever, and takes headers without end; this one has a deadline and a
// limit for the whole.
class LimitedStream final : public httplib::Stream {
 public:
  LimitedStream(int fd, Clock::time_point deadline) : fd_(fd), deadline_(deadline) {}

  bool is_readable() const override { return at_ < filled_ || wait(POLLIN); }
  bool is_writable() const override { return wait(POLLOUT); }
  ssize_t read(char* to, std::size_t size) override {
    if (at_ == filled_ && !fill()) return -1;
    const std::size_t n = std::min(size, filled_ - at_);
    std::copy_n(buffer_.data() + at_, n, to);
    at_ += n;
    return static_cast<ssize_t>(n);
  }
  ssize_t write(const char* from, std::size_t size) override {
    return wait(POLLOUT) ? ::send(fd_, from, size, MSG_NOSIGNAL | MSG_DONTWAIT) : -1;
  }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  int socket() const override { return fd_; }

 private:
  bool wait(short events) const {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now()).count();
    pollfd waiting{fd_, events, 0};
    return left > 0 && ::poll(&waiting, 1, static_cast<int>(left)) == 1;
  }
  bool fill() {
    if (total_ >= kMaxRequestBytes || !wait(POLLIN)) return false;
    const ssize_t n = ::recv(fd_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (n <= 0) return false;
    at_ = 0;
    filled_ = static_cast<std::size_t>(n);
    total_ += filled_;
    return true;
  }

  const int fd_;
  const Clock::time_point deadline_;
  std::array<char, 2048> buffer_{};
  std::size_t at_ = 0;
  std::size_t filled_ = 0;
  std::size_t total_ = 0;
};

// Of the connection that this thread has taken: where cpp-httplib's task cannot carry it. None: to
// be closed unheard.
thread_local std::optional<Clock::time_point> task_deadline;

// One request a connection: a kept one would hold a thread.
class OneRequestServer final : public httplib::Server {
  bool process_and_close_socket(socket_t sock) override {
    const Fd owned(sock);
    if (!task_deadline) return false;
    LimitedStream stream(sock, *task_deadline);
    bool closed = false;
    const bool answered = process_request(stream, true, closed, nullptr);
    ::shutdown(sock, SHUT_RDWR);
    return answered;
  }
};

class LimitedPool final : public httplib::TaskQueue {
 public:
  void enqueue(std::function<void()> task) override {
    if (waiting_ >= kMaxWaiting) return task();  // on the accepting thread, which has no deadline
    ++waiting_;
    pool_.enqueue([this, task = std::move(task), deadline = Clock::now() + kTotalTimeout] {
      --waiting_;
      task_deadline = deadline;
      task();
    });
  }
  void shutdown() override { pool_.shutdown(); }

 private:
  std::atomic<std::size_t> waiting_{0};
  httplib::ThreadPool pool_{kThreads};
};

// cpp-httplib's default is SO_REUSEPORT, with which a second program on the port goes unnoticed.
void set_socket_options(int sock) {
  const int yes = 1;
  ::setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
}

}  // namespace

StatusAnswer StatusAnswer::of(const std::string& reasons, const char* good) {
  return {reasons.empty() ? 200 : 503, reasons.empty() ? good : reasons};
}

StatusAnswer StatusAnswer::metrics(std::string text) {
  return {200, std::move(text), "text/plain; version=0.0.4; charset=utf-8"};
}

struct LimitedServer::Impl {
  OneRequestServer server;
  std::thread thread;
};

LimitedServer::LimitedServer() : impl_(std::make_unique<Impl>()) {
  impl_->server.new_task_queue = [] { return new LimitedPool; };
  impl_->server.set_socket_options(set_socket_options);
  impl_->server.set_tcp_nodelay(true);
  impl_->server.set_payload_max_length(0);
}

LimitedServer::~LimitedServer() {
  stop();
}

void LimitedServer::get(const char* path, std::function<StatusAnswer()> answer) {
  impl_->server.Get(path, [answer = std::move(answer)](const auto&, httplib::Response& response) {
    const StatusAnswer made = answer();
    response.status = made.status;
    response.set_content(made.body, made.content_type);
  });
}

Result<HostPort> LimitedServer::start(const HostPort& address, const char* hint) {
  HostPort bound = address;
  errno = 0;
  if (address.port == 0) {
    const int port = impl_->server.bind_to_any_port(address.host);
    bound.port = static_cast<std::uint16_t>(std::max(port, 0));
  } else if (!impl_->server.bind_to_port(address.host, address.port)) {
    bound.port = 0;
  }
  if (bound.port == 0) return Error{"listen on " + address.text(), errno, hint};
  impl_->thread = std::thread([this] {
    if (!impl_->server.listen_after_bind())
      log::error("health listener ended", {{"hint", "the kubelet restarts the container"}});
  });
  return bound;
}

void LimitedServer::stop() {
  if (!impl_->thread.joinable()) return;
  // stop() does nothing before the thread has begun to listen
  while (!impl_->server.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  impl_->server.stop();
  impl_->thread.join();
}

}  // namespace smc
